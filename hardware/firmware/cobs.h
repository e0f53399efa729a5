#ifndef COBS_H
#define COBS_H
#include <stdint.h>
/* Decodes in place what stood between two zero bytes; 0 when it is not COBS. Frames here stay under 254 bytes. */
uint8_t cobs_decode(uint8_t *bytes, uint8_t length);
/* Encodes at most 253 bytes into length + 1 bytes; the closing zero is the caller's. */
void cobs_encode(const uint8_t *bytes, uint8_t length, uint8_t *out);
#endif
