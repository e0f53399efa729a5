/* Power board. A current transformer on ADC0, a voltage transformer on ADC1, both about mid supply; the ADC takes
 * 5,000 samples a second, voltage and current by turns. Each current is multiplied by the mean of the two voltages
 * around it: linear interpolation, which lowers a 50 Hz wave by cos(pi * 50 / 2500); the scale of P undoes it. */
#include <avr/interrupt.h>
#include <math.h>
#include "board.h"
#include "frame.h"
#include "identity.h"

#ifndef POWER_GAIN
#define POWER_GAIN 1
#endif

#define PAIRS 1000                     /* pairs of a block: 0.4 s at 2.5 kHz */
#define MIDDLE 512                     /* counts at mid supply */
#define MV_PER_COUNT 813.802083f       /* 5 V / 1024 behind a divider of 6 mV per V of mains */
#define MA_PER_COUNT 146.484375f       /* 5 V / 1024 on a transformer of 1 V per 30 A */
#define INTERPOLATION 1.00197711f      /* 1 / cos(pi * 50 / 2500) */
#define MIDDLE_TOLERANCE 100           /* counts the middle may be off before a sensor wire counts as cut */
#define MAINS_LEAST_MV 50000.0f        /* less than 50 V is no mains */
#define CREEP_MW 3000                  /* less than 3 W is noise (4 sigma of a block) and counts for nothing */
#define BLOCKS_PER_WH_MW 9000000L      /* one Wh in mW blocks of 0.4 s */

enum { CHANNEL_VOLTAGE, CHANNEL_CURRENT, CHANNEL_POWER };
const uint8_t sense_kind = KIND_POWER;
const uint8_t sense_channels = 3;

struct sums {
  int32_t v, i, vi2; /* vi2: current times the sum of its two voltages */
  uint32_t vv, ii;
  uint8_t clipped;
};
static struct sums filling, full;
static uint16_t pairs;
static volatile uint8_t block_full;
static int16_t last_voltage, pending_current;

static uint32_t import_wh, export_wh;
static int32_t import_rest, export_rest; /* mW blocks short of the next Wh */

static struct {
  float mw, mv, ma; /* sums of the blocks */
  int32_t peak_mw;  /* the highest block */
  uint16_t blocks;
  uint8_t fault;
} window;

/* Fixed work at a fixed place: the conversion starts first, so that its moment never depends on what follows. */
ISR(TIMER0_COMPA_vect) {
  static uint8_t voltage_next = 1, tick;
  ADMUX = _BV(REFS0) | voltage_next;
  ADCSRA |= _BV(ADSC);
  uint16_t raw = ADC;
  int16_t sample = (int16_t)raw - MIDDLE;
  if (raw == 0 || raw == 1023) filling.clipped = 1;
  if (voltage_next) {
    pending_current = sample;
  } else {
    filling.v += sample;
    filling.vv += (int32_t)sample * sample;
    filling.i += pending_current;
    filling.ii += (int32_t)pending_current * pending_current;
    filling.vi2 += (int32_t)pending_current * (int16_t)(sample + last_voltage);
    last_voltage = sample;
    if (++pairs == PAIRS) {
      static const struct sums none;
      full = filling;
      filling = none;
      pairs = 0;
      block_full = 1;
      wake = 1;
    }
  }
  voltage_next ^= 1;
  if (++tick == 5 * ATTEND_MS) {
    tick = 0;
    uptime += ATTEND_MS;
    wake = attend = 1;
  }
}

void sense_begin(void) {
  DDRD |= RELAY_COIL;
  DIDR0 = _BV(ADC0D) | _BV(ADC1D);
  ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1); /* 250 kHz: a conversion takes 52 us of the 200 us */
  ADMUX = _BV(REFS0);
  ADCSRA |= _BV(ADSC); /* the first tick reads a current */
  TCCR0A = _BV(WGM01);
  OCR0A = F_CPU / 64 / 5000 - 1;
  TIMSK0 = _BV(OCIE0A);
  TCCR0B = _BV(CS01) | _BV(CS00);
}

static float rms(uint32_t squares, float mean) {
  float mean_square = (float)squares / PAIRS - mean * mean;
  return mean_square > 0 ? sqrtf(mean_square) : 0;
}

static uint8_t off_middle(float mean) { return fabsf(mean) > MIDDLE_TOLERANCE; }

/* Adds a block to its register and keeps what does not make a whole Wh. */
static void count(int32_t mw, uint32_t *wh, int32_t *rest) {
  *rest += mw;
  while (*rest >= BLOCKS_PER_WH_MW) {
    *rest -= BLOCKS_PER_WH_MW;
    ++*wh;
  }
}

static void add_block(int32_t mw, float mv, float ma) {
  if (mw < CREEP_MW && mw > -CREEP_MW) mw = 0;
  if (mw > 0) count(mw, &import_wh, &import_rest);
  else count(-mw, &export_wh, &export_rest);
  if (window.blocks == 0 || mw > window.peak_mw) window.peak_mw = mw;
  window.mw += mw;
  window.mv += mv;
  window.ma += ma;
  window.blocks++;
}

void sense_poll(void) {
  if (!block_full) return;
  block_full = 0; /* the next block is 0.4 s away: `full` stays still meanwhile */
  float v = (float)full.v / PAIRS, i = (float)full.i / PAIRS;
  float mv = calibrate(CHANNEL_VOLTAGE, rms(full.vv, v) * MV_PER_COUNT);
  float ma = calibrate(CHANNEL_CURRENT, rms(full.ii, i) * MA_PER_COUNT);
  float counts = ((float)full.vi2 / (2 * PAIRS) - v * i) * INTERPOLATION;
  float gains = (calibration[CHANNEL_VOLTAGE].gain_ppm / 1e6f) * (calibration[CHANNEL_CURRENT].gain_ppm / 1e6f);
  float mw = counts * (MV_PER_COUNT * MA_PER_COUNT / 1000) * gains * POWER_GAIN;
  mw = calibrate(CHANNEL_POWER, mw);
  if (full.clipped || off_middle(v) || off_middle(i) || mv < MAINS_LEAST_MV) window.fault = 1;
  if (off_middle(v) || off_middle(i)) mw = mv = ma = 0;
  add_block(lroundf(mw), mv > 0 ? mv : 0, ma > 0 ? ma : 0);
}

/* Where no power flows, what current there is is noise, and its factor would be too. */
static uint16_t power_factor(float mw, float mv, float ma) {
  float apparent = mv * ma / 1000;
  if (mw == 0 || apparent < CREEP_MW) return 1000;
  float permille = fabsf(mw) / apparent * 1000;
  return permille > 1000 ? 1000 : (uint16_t)(permille + 0.5f);
}

static int32_t watts(float mw) { return lroundf(mw / 1000); }

uint8_t sense_report(uint8_t *body, uint8_t *fault) {
  float blocks = window.blocks ? window.blocks : 1;
  float mw = window.mw / blocks, mv = window.mv / blocks, ma = window.ma / blocks;
  uint8_t *end = put_u32(body, import_wh);
  end = put_u32(end, export_wh);
  end = put_u32(end, watts(mw));
  end = put_u32(end, watts(window.peak_mw));
  end = put_u32(end, (uint32_t)(mv + 0.5f));
  end = put_u32(end, (uint32_t)(ma + 0.5f));
  end = put_u16(end, power_factor(mw, mv, ma));
  *end++ = !(PORTD & RELAY_COIL);
  *fault = window.fault;
  window.mw = window.mv = window.ma = 0;
  window.peak_mw = 0;
  window.blocks = window.fault = 0;
  return end - body;
}

uint8_t sense_actuate(uint8_t command, uint8_t on) {
  if (command != COMMAND_RELAY) return STATUS_NOT_THIS_BOARD;
  if (on) PORTD &= ~RELAY_COIL;
  else PORTD |= RELAY_COIL;
  return STATUS_DONE;
}
