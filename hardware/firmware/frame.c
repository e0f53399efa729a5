#include "frame.h"
#include <string.h>
#include "board.h"
#include "cobs.h"
#include "crc.h"
#include "identity.h"
#include "uart.h"

static uint32_t sequence;

uint8_t *put_u16(uint8_t *to, uint16_t value) {
  *to++ = value >> 8;
  *to++ = value;
  return to;
}

uint8_t *put_u32(uint8_t *to, uint32_t value) { return put_u16(put_u16(to, value >> 16), value); }

uint32_t get_u32(const uint8_t *from) {
  return ((uint32_t)from[0] << 24) | ((uint32_t)from[1] << 16) | ((uint16_t)from[2] << 8) | from[3];
}

static void send(uint8_t type, const uint8_t *body, uint8_t length, uint16_t flags, const uint8_t *key) {
  static uint8_t plain[FRAME_MAX], coded[FRAME_MAX + 1];
  uint8_t *end = plain;
  disturbed = 1; /* the work below keeps the processor awake, which blurs the moment of an edge */
  *end++ = FRAME_VERSION;
  *end++ = type;
  memcpy(end, identity.board, 4);
  end = put_u32(end + 4, ++sequence);
  end = put_u32(end, uptime_now());
  end = put_u16(end, flags);
  memcpy(end, body, length);
  end += length;
  blake2s_mac(key, plain, end - plain, end);
  end += MAC_SIZE;
  end = put_u16(end, crc16(plain, end - plain));
  cobs_encode(plain, end - plain, coded);
  uart_send(coded, end - plain + 1);
}

void frame_send_report(uint8_t type, const uint8_t *body, uint8_t length, uint16_t flags) {
  send(type, body, length, flags, identity.record_key);
}

void frame_send_answer(uint8_t type, const uint8_t *body, uint8_t length, uint16_t flags) {
  send(type, body, length, flags, identity.link_key);
}

/* Compares in constant time, so that a forger learns nothing byte by byte. */
static uint8_t same(const uint8_t *a, const uint8_t *b, uint8_t length) {
  uint8_t difference = 0;
  while (length--) difference |= *a++ ^ *b++;
  return difference == 0;
}

static uint8_t checked(const uint8_t *bytes, uint8_t length) {
  uint16_t crc = ((uint16_t)bytes[length - 2] << 8) | bytes[length - 1];
  return crc == crc16(bytes, length - 2);
}

uint8_t frame_open(uint8_t *bytes, uint8_t length, struct received *received) {
  uint8_t mac[MAC_SIZE];
  disturbed = 1;
  length = cobs_decode(bytes, length);
  if (length < FRAME_HEADER + MAC_SIZE + 2 || length > FRAME_MAX || !checked(bytes, length)) return 0;
  if (bytes[0] != FRAME_VERSION || !same(bytes + 2, identity.board, 4)) return 0;
  uint8_t signed_length = length - MAC_SIZE - 2;
  blake2s_mac(identity.link_key, bytes, signed_length, mac);
  if (!same(mac, bytes + signed_length, MAC_SIZE)) return 0;
  received->type = bytes[1];
  received->sequence = get_u32(bytes + 6);
  received->body = bytes + FRAME_HEADER;
  received->body_length = signed_length - FRAME_HEADER;
  return 1;
}
