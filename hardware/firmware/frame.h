#ifndef FRAME_H
#define FRAME_H
#include <stdint.h>
#include "blake2s.h"
/* header: version, type, board id u32, sequence u32, uptime u32, flags u16; all big-endian. */
#define FRAME_VERSION 1
#define FRAME_HEADER 16
#define FRAME_BODY_MAX 32
#define FRAME_MAX (FRAME_HEADER + FRAME_BODY_MAX + MAC_SIZE + 2)

/* A command of this board's own gateway: MAC, board and version hold. */
struct received {
  uint8_t type;
  uint32_t sequence;
  const uint8_t *body;
  uint8_t body_length;
};

uint8_t *put_u16(uint8_t *to, uint16_t value);
uint8_t *put_u32(uint8_t *to, uint32_t value);
uint32_t get_u32(const uint8_t *from);

/* Reports are signed with the record key, which the gateway does not have; answers with the link key. */
void frame_send_report(uint8_t type, const uint8_t *body, uint8_t length, uint16_t flags);
void frame_send_answer(uint8_t type, const uint8_t *body, uint8_t length, uint16_t flags);
/* Opens what stood between two zero bytes; 0 when anything in it is wrong, which is then ignored in silence. */
uint8_t frame_open(uint8_t *bytes, uint8_t length, struct received *received);
#endif
