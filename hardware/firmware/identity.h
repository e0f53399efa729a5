#ifndef IDENTITY_H
#define IDENTITY_H
#include <stdint.h>
/* The EEPROM that commissioning writes: "MH" 1 0, board id, record key, link key, CRC-16 of these 72 bytes. */
#define IDENTITY_AT 0
#define IDENTITY_SIZE 72
/* What the board itself writes: the last command's number, and the calibration of up to three channels. */
#define SEQUENCE_AT 80
#define CALIBRATION_AT 96

#define CHANNELS_MAX 3
#define GAIN_ONE 1000000L /* gains are parts per million */
#define GAIN_MIN 500000L
#define GAIN_MAX 2000000L

struct identity {
  uint8_t commissioned;
  uint8_t board[4];
  uint8_t record_key[32];
  uint8_t link_key[32];
};
struct calibration {
  uint32_t gain_ppm;
  int32_t offset;
};
extern struct identity identity;
extern struct calibration calibration[CHANNELS_MAX];

void identity_load(void);
uint8_t calibrated(void);
/* Keeps the gain and offset of a channel over a restart. */
void calibration_keep(uint8_t channel, uint32_t gain_ppm, int32_t offset);
/* `value` as its channel's gain and offset correct it. */
float calibrate(uint8_t channel, float value);
uint32_t sequence_kept(void);
void sequence_keep(uint32_t sequence);
#endif
