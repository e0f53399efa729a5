/* Water board. Two HC-SR04 face each other along a pipe; the echo of one is the sound of the other. Sound travels
 * faster with the water than against it: v = L (t_up - t_down) / (2 t_up t_down), whatever the speed of sound is.
 * Timer 1 counts 62.5 ns; noise of the echo dithers it, and a block averages some hundred shots each way. */
#include <avr/interrupt.h>
#include <math.h>
#include <util/delay.h>
#include "board.h"
#include "frame.h"
#include "identity.h"
#include "uart.h"

#define TRIGGER_DOWN _BV(PD4) /* sounds with the water; its echo is on INT0 */
#define TRIGGER_UP _BV(PD5)   /* sounds against the water; its echo is on INT1 */
#define PATH_M 0.30f          /* along the pipe, between the two faces */
#define AREA_M2 7.853982e-5f  /* the measuring tube's bore is 10 mm */
#define SHOT_MS 2 /* a power of two */
#define TICKS_LEAST 2500 /* 0.30 m in water takes 3,000 to 3,400 ticks at any temperature; anything else is no echo */
#define TICKS_MOST 4500
#define PAIRS_LEAST 10           /* fewer shots each way than this in a block: a sensor has failed */
#define CREEP_M_PER_S 0.15f      /* slower than this is noise (5 sigma of a block) and counts for nothing */
#define UL_PER_ML 1000

enum { CHANNEL_VELOCITY };
const uint8_t sense_kind = KIND_WATER;
const uint8_t sense_channels = 1;

static volatile uint16_t echo_began, echo_ticks;
static volatile uint8_t echo_done;

struct shots {
  uint32_t ticks;
  uint16_t count;
};
static struct shots down, up;
static uint8_t upward, armed;
static uint32_t polled_at, block_began;

static uint32_t volume_ml;
static int32_t volume_rest_ul;

static struct {
  float ul; /* water of the window, microlitres; negative when it flowed back */
  uint16_t blocks;
  uint8_t fault;
} window;

ISR(TIMER0_COMPA_vect) {
  static uint8_t tick;
  disturbed = 1;
  uptime++;
  if (++tick & (SHOT_MS - 1)) return;
  wake = 1;
  if (tick != ATTEND_MS) return;
  tick = 0;
  attend = 1;
}

/* Both edges come by the same path, so that the time to get here cancels out. */
ISR(INT0_vect) {
  uint16_t now = TCNT1;
  if (PIND & _BV(PD2)) {
    echo_began = now;
  } else {
    echo_ticks = now - echo_began;
    echo_done = 1;
    wake = 1;
  }
}
ISR(INT1_vect) {
  uint16_t now = TCNT1;
  if (PIND & _BV(PD3)) {
    echo_began = now;
  } else {
    echo_ticks = now - echo_began;
    echo_done = 1;
    wake = 1;
  }
}

void sense_begin(void) {
  DDRD |= TRIGGER_DOWN | TRIGGER_UP | VALVE_COIL;
  TCCR0A = _BV(WGM01); /* 1 kHz */
  OCR0A = F_CPU / 64 / 1000 - 1;
  TIMSK0 = _BV(OCIE0A);
  TCCR0B = _BV(CS01) | _BV(CS00);
  TCCR1B = _BV(CS10);
  EICRA = _BV(ISC00) | _BV(ISC10);
  EIMSK = _BV(INT0) | _BV(INT1);
}

/* The echo of the last shot, unless another interrupt may have delayed one of its edges. */
static void take_echo(void) {
  if (!armed || !echo_done) return;
  armed = 0;
  uint16_t ticks = echo_ticks;
  if (disturbed || ticks < TICKS_LEAST || ticks > TICKS_MOST) return;
  struct shots *shots = upward ? &up : &down;
  shots->ticks += ticks;
  shots->count++;
}

/* Shoots just after a tick, while nothing else is due for the 0.5 ms that the sound takes. */
static void shoot(void) {
  uint8_t trigger;
  if (uart_sending()) return;
  upward ^= 1;
  trigger = upward ? TRIGGER_UP : TRIGGER_DOWN;
  PORTD |= trigger;
  _delay_us(10);
  PORTD &= ~trigger;
  echo_done = 0;
  armed = 1;
  disturbed = 0;
}

static float velocity(void) {
  float t_down = (float)down.ticks / down.count, t_up = (float)up.ticks / up.count;
  int32_t difference = (int32_t)(up.ticks * down.count - down.ticks * up.count); /* whole numbers keep it exact */
  float late = (float)difference / ((float)down.count * up.count);
  return PATH_M * F_CPU * late / (2 * t_down * t_up);
}

static void add_volume(float ul) {
  window.ul += ul;
  if (ul <= 0) return; /* the register never goes back */
  volume_rest_ul += lroundf(ul);
  while (volume_rest_ul >= UL_PER_ML) {
    volume_rest_ul -= UL_PER_ML;
    volume_ml++;
  }
}

static void close_block(void) {
  if (down.count < PAIRS_LEAST || up.count < PAIRS_LEAST) {
    window.fault = 1;
  } else {
    float v = calibrate(CHANNEL_VELOCITY, velocity() * 1000) / 1000; /* the offset is in mm/s */
    if (fabsf(v) >= CREEP_M_PER_S) add_volume(v * (AREA_M2 * 1e9f) * BLOCK_MS / 1000);
  }
  window.blocks++;
  down.ticks = up.ticks = 0;
  down.count = up.count = 0;
}

void sense_poll(void) {
  uint32_t now = uptime_now();
  take_echo();
  if (now == polled_at) return; /* woken by an echo */
  polled_at = now;
  if (now - block_began >= BLOCK_MS) {
    block_began += BLOCK_MS;
    close_block();
  } else {
    shoot();
  }
}

uint8_t sense_report(uint8_t *body, uint8_t *fault) {
  float per_minute = window.blocks ? window.ul / 1000 / (window.blocks * (BLOCK_MS / 60000.0f)) : 0;
  uint8_t *end = put_u32(body, volume_ml);
  end = put_u32(end, lroundf(per_minute));
  *end++ = !(PORTD & VALVE_COIL);
  *fault = window.fault;
  window.ul = 0;
  window.blocks = window.fault = 0;
  return end - body;
}

uint8_t sense_actuate(uint8_t command, uint8_t on) {
  if (command != COMMAND_VALVE) return STATUS_NOT_THIS_BOARD;
  if (on) PORTD &= ~VALVE_COIL;
  else PORTD |= VALVE_COIL;
  return STATUS_DONE;
}
