#ifndef BLAKE2S_H
#define BLAKE2S_H
#include <stdint.h>
#define MAC_KEY 32
#define MAC_SIZE 16
#define MAC_MESSAGE_MAX 64
/* BLAKE2s-128 (RFC 7693) keyed with 32 bytes over a message of 1 to 64 bytes, the longest a frame can be. */
void blake2s_mac(const uint8_t *key, const uint8_t *message, uint8_t length, uint8_t *mac);
#endif
