/* Comfort board. A TMP36 on ADC0 (500 mV at 0 C, 10 mV per C) and an HIH-4030 on ADC1 (ratiometric:
 * out = supply * (0.00636 RH + 0.1515)). One conversion a tick of 8 ms, by turns; a block averages 25 of each. */
#include <avr/interrupt.h>
#include <math.h>
#include "board.h"
#include "frame.h"
#include "identity.h"

#define TICK_MS 8 /* 125 Hz is what timer 0 divides 16 MHz into exactly */
#define COUNTS_LEAST 20   /* a cut wire is pulled to ground; no room here is as cold or as dry */
#define COUNTS_MOST 1015
#define CENTI_PER_COUNT 48.828125f /* 5 V / 1024 at 10 mV per C, in hundredths */

enum { CHANNEL_TEMPERATURE, CHANNEL_HUMIDITY };
const uint8_t sense_kind = KIND_COMFORT;
const uint8_t sense_channels = 2;

static volatile uint32_t sums[2];
static volatile uint16_t counts[2];
static int16_t temperature_centi;
static uint16_t humidity_permille;
static uint8_t failed;
static uint32_t block_began;

ISR(TIMER0_COMPA_vect) {
  static uint8_t channel;
  uptime += TICK_MS;
  sums[channel] += ADC; /* the conversion of the last tick has long ended */
  counts[channel]++;
  channel ^= 1;
  ADMUX = _BV(REFS0) | channel;
  ADCSRA |= _BV(ADSC);
  wake = attend = 1;
}

void sense_begin(void) {
  DIDR0 = _BV(ADC0D) | _BV(ADC1D);
  ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1);
  ADMUX = _BV(REFS0);
  ADCSRA |= _BV(ADSC); /* the first tick reads a temperature */
  TCCR0A = _BV(WGM01);
  OCR0A = F_CPU / 1024 / (1000 / TICK_MS) - 1;
  TIMSK0 = _BV(OCIE0A);
  TCCR0B = _BV(CS02) | _BV(CS00);
}

static float take_mean(uint8_t channel) {
  uint8_t state = SREG;
  cli();
  float mean = (float)sums[channel] / counts[channel];
  sums[channel] = 0;
  counts[channel] = 0;
  SREG = state;
  return mean;
}

static uint8_t out_of_range(float mean) { return mean < COUNTS_LEAST || mean > COUNTS_MOST; }

static void close_block(void) {
  float warm = take_mean(0) + 0.5f, damp = take_mean(1) + 0.5f; /* the ADC rounds down */
  failed = out_of_range(warm) || out_of_range(damp);
  if (failed) return;
  temperature_centi = lroundf(calibrate(CHANNEL_TEMPERATURE, warm * CENTI_PER_COUNT - 5000));
  float permille = calibrate(CHANNEL_HUMIDITY, (damp / 1024 - 0.1515f) / 0.00636f * 10);
  humidity_permille = permille < 0 ? 0 : permille > 1000 ? 1000 : (uint16_t)(permille + 0.5f);
}

void sense_poll(void) {
  if (uptime_now() - block_began < BLOCK_MS) return;
  block_began += BLOCK_MS;
  close_block();
}

uint8_t sense_report(uint8_t *body, uint8_t *fault) {
  uint8_t *end = put_u16(body, temperature_centi);
  end = put_u16(end, humidity_permille);
  *fault = failed;
  return end - body;
}

uint8_t sense_actuate(uint8_t command, uint8_t on) {
  (void)command;
  (void)on;
  return STATUS_NOT_THIS_BOARD;
}
