#include "uart.h"
#include <avr/interrupt.h>
#include <avr/io.h>
#include "board.h"

#define TX_SIZE 128 /* a power of two: the indices wrap by a mask */
#define RX_SIZE 48 /* longer than any command */
#define RX_SLOTS 4 /* a power of two: commands that may wait while the EEPROM is written */

static uint8_t tx[TX_SIZE];
static volatile uint8_t tx_head, tx_tail;

/* Slots fill in turn; `rx_in` is the one being filled, and a frame that finds no other one free is dropped. */
static uint8_t rx[RX_SLOTS][RX_SIZE];
static uint8_t rx_size[RX_SLOTS];
static uint8_t rx_length, rx_spoilt;
static volatile uint8_t rx_in, rx_out;

void uart_begin(void) {
  UCSR0A = _BV(U2X0);
  UBRR0 = (F_CPU + 4 * UART_BAUD) / (8 * UART_BAUD) - 1;
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(TXEN0) | _BV(RXEN0) | _BV(RXCIE0);
}

ISR(USART_UDRE_vect) {
  disturbed = 1;
  uint8_t tail = tx_tail;
  UDR0 = tx[tail];
  tail = (tail + 1) & (TX_SIZE - 1);
  tx_tail = tail;
  if (tail == tx_head) UCSR0B &= ~_BV(UDRIE0);
}

ISR(USART_RX_vect) {
  disturbed = 1;
  uint8_t broken = UCSR0A & (_BV(FE0) | _BV(DOR0));
  uint8_t byte = UDR0;
  if (byte == 0) {
    uint8_t next = (rx_in + 1) & (RX_SLOTS - 1);
    if (rx_length && !rx_spoilt && !broken && next != rx_out) {
      rx_size[rx_in] = rx_length;
      rx_in = next;
      wake = attend = 1;
    }
    rx_length = 0;
    rx_spoilt = 0;
  } else if (broken || rx_length == RX_SIZE) {
    rx_spoilt = 1;
  } else {
    rx[rx_in][rx_length++] = byte;
  }
}

static void put(uint8_t byte) {
  tx[tx_head] = byte;
  tx_head = (tx_head + 1) & (TX_SIZE - 1);
}

void uart_send(const uint8_t *bytes, uint8_t length) {
  uint8_t queued = (tx_head - tx_tail) & (TX_SIZE - 1);
  if (length + 1 > TX_SIZE - 1 - queued) return;
  while (length--) put(*bytes++);
  put(0);
  UCSR0B |= _BV(UDRIE0);
}

uint8_t uart_sending(void) { return tx_head != tx_tail; }

uint8_t uart_received(uint8_t **bytes) {
  uint8_t slot = rx_out;
  *bytes = rx[slot];
  return slot == rx_in ? 0 : rx_size[slot];
}

void uart_release(void) {
  rx_out = (rx_out + 1) & (RX_SLOTS - 1);
  wake = attend = 1; /* another may wait */
}
