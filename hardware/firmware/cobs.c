#include "cobs.h"

uint8_t cobs_decode(uint8_t *bytes, uint8_t length) {
  uint8_t in = 0, out = 0;
  while (in < length) {
    uint8_t code = bytes[in++];
    if (code == 0xFF || code - 1 > length - in) return 0;
    while (--code) bytes[out++] = bytes[in++];
    if (in < length) bytes[out++] = 0;
  }
  return out;
}

void cobs_encode(const uint8_t *bytes, uint8_t length, uint8_t *out) {
  uint8_t *code = out++;
  *code = 1;
  while (length--) {
    if (*bytes) {
      *out++ = *bytes;
      ++*code;
    } else {
      code = out++;
      *code = 1;
    }
    bytes++;
  }
}
