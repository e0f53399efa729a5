/* BLAKE2s after RFC 7693, for one key block and one message block: no frame is longer. */
#include "blake2s.h"
#include <avr/pgmspace.h>
#include <string.h>

#define BLOCK 64

static const uint32_t initial[8] PROGMEM = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                            0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

static const uint8_t schedule[10][16] PROGMEM = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

/* Rows of four words that one G mixes: columns first, then diagonals. */
static const uint8_t rows[8][4] PROGMEM = {{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
                                           {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}};

static uint32_t right16(uint32_t x) { return (x >> 16) | (x << 16); }
static uint32_t right8(uint32_t x) { return (x >> 8) | (x << 24); }
/* Twelve and seven are built from whole bytes and a few bits: this processor shifts one bit at a time. */
static uint32_t right12(uint32_t x) {
  x = right8(x);
  return (x >> 4) | (x << 28);
}
static uint32_t right7(uint32_t x) {
  x = right8(x);
  return (x << 1) | (x >> 31);
}

static void mix(uint32_t *v, const uint8_t *row, uint32_t x, uint32_t y) {
  uint32_t *a = v + pgm_read_byte(row), *b = v + pgm_read_byte(row + 1);
  uint32_t *c = v + pgm_read_byte(row + 2), *d = v + pgm_read_byte(row + 3);
  *a += *b + x;
  *d = right16(*d ^ *a);
  *c += *d;
  *b = right12(*b ^ *c);
  *a += *b + y;
  *d = right8(*d ^ *a);
  *c += *d;
  *b = right7(*b ^ *c);
}

static void compress(uint32_t *h, const uint8_t *block, uint32_t count, uint8_t last) {
  uint32_t v[16];
  const uint32_t *m = (const uint32_t *)block; /* the processor is little-endian, as BLAKE2s is */
  for (uint8_t i = 0; i < 8; i++) {
    v[i] = h[i];
    v[i + 8] = pgm_read_dword(&initial[i]);
  }
  v[12] ^= count;
  if (last) v[14] = ~v[14];
  for (uint8_t round = 0; round < 10; round++) {
    const uint8_t *s = schedule[round];
    for (uint8_t i = 0; i < 8; i++) mix(v, rows[i], m[pgm_read_byte(s + 2 * i)], m[pgm_read_byte(s + 2 * i + 1)]);
  }
  for (uint8_t i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

void blake2s_mac(const uint8_t *key, const uint8_t *message, uint8_t length, uint8_t *mac) {
  uint32_t h[8];
  uint32_t block[BLOCK / 4];
  for (uint8_t i = 0; i < 8; i++) h[i] = pgm_read_dword(&initial[i]);
  h[0] ^= 0x01010000UL ^ ((uint32_t)MAC_KEY << 8) ^ MAC_SIZE;
  memset(block, 0, BLOCK);
  memcpy(block, key, MAC_KEY);
  compress(h, (const uint8_t *)block, BLOCK, 0);
  memset(block, 0, BLOCK);
  memcpy(block, message, length);
  compress(h, (const uint8_t *)block, BLOCK + length, 1);
  memcpy(mac, h, MAC_SIZE);
}
