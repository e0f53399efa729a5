/* The loop of every board: sleep, measure, answer commands, report when it is time and the gateway has authorised it. */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include "board.h"
#include "command.h"
#include "frame.h"
#include "identity.h"
#include "uart.h"

volatile uint8_t wake;
volatile uint8_t attend;
volatile uint8_t disturbed;
volatile uint32_t uptime;

uint32_t uptime_now(void) {
  uint8_t state = SREG;
  cli();
  uint32_t now = uptime;
  SREG = state;
  return now;
}

static void report(void) {
  static uint8_t body[FRAME_BODY_MAX];
  uint8_t fault = 0;
  uint8_t length = sense_report(body, &fault);
  frame_send_report(sense_kind, body, length, command_flags() | (fault ? FLAG_SENSOR_FAULT : 0));
}

int main(void) {
  DDRB = LIGHT_LINK | LIGHT_AUTHORISED;
  DDRD = _BV(PD1);
  identity_load();
  uart_begin();
  sense_begin();
  sei();
  set_sleep_mode(SLEEP_MODE_IDLE);
  sleep_enable();
  for (;;) {
    while (!wake) sleep_cpu();
    wake = 0;
    sense_poll();
    if (!attend) continue;
    attend = 0;
    command_poll();
    if (command_report_due()) report();
  }
}
