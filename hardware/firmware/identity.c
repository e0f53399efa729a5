#include "identity.h"
#include <avr/eeprom.h>
#include <string.h>
#include "crc.h"

struct identity identity;
struct calibration calibration[CHANNELS_MAX];
static uint8_t any_calibrated;

static uint8_t *at(uint16_t address) { return (uint8_t *)address; }

/* A record of the board's own is valid when its CRC says so; an erased EEPROM never does. */
static uint8_t kept(uint16_t address, void *record, uint8_t length) {
  uint16_t crc;
  eeprom_read_block(record, at(address), length);
  eeprom_read_block(&crc, at(address + length), sizeof crc);
  return crc == crc16(record, length);
}

static void keep(uint16_t address, const void *record, uint8_t length) {
  uint16_t crc = crc16(record, length);
  eeprom_update_block(record, at(address), length);
  eeprom_update_block(&crc, at(address + length), sizeof crc);
}

static void load_identity(void) {
  uint8_t raw[IDENTITY_SIZE + 2];
  eeprom_read_block(raw, at(IDENTITY_AT), sizeof raw);
  uint16_t crc = ((uint16_t)raw[IDENTITY_SIZE] << 8) | raw[IDENTITY_SIZE + 1];
  identity.commissioned = raw[0] == 'M' && raw[1] == 'H' && raw[2] == 1 && crc == crc16(raw, IDENTITY_SIZE);
  memcpy(identity.board, raw + 4, 4);
  memcpy(identity.record_key, raw + 8, 32);
  memcpy(identity.link_key, raw + 40, 32);
}

static uint16_t calibration_at(uint8_t channel) { return CALIBRATION_AT + channel * (sizeof(struct calibration) + 2); }

void identity_load(void) {
  load_identity();
  for (uint8_t i = 0; i < CHANNELS_MAX; i++) {
    if (kept(calibration_at(i), &calibration[i], sizeof calibration[i])) {
      any_calibrated = 1;
    } else {
      calibration[i].gain_ppm = GAIN_ONE;
      calibration[i].offset = 0;
    }
  }
}

uint8_t calibrated(void) { return any_calibrated; }

void calibration_keep(uint8_t channel, uint32_t gain_ppm, int32_t offset) {
  calibration[channel].gain_ppm = gain_ppm;
  calibration[channel].offset = offset;
  keep(calibration_at(channel), &calibration[channel], sizeof calibration[channel]);
  any_calibrated = 1;
}

float calibrate(uint8_t channel, float value) {
  return value * ((float)calibration[channel].gain_ppm / GAIN_ONE) + calibration[channel].offset;
}

uint32_t sequence_kept(void) {
  uint32_t sequence;
  return kept(SEQUENCE_AT, &sequence, sizeof sequence) ? sequence : 0;
}

void sequence_keep(uint32_t sequence) { keep(SEQUENCE_AT, &sequence, sizeof sequence); }
