#ifndef UART_H
#define UART_H
#include <stdint.h>
#define UART_BAUD 38400UL
/* 38400 baud 8N1, both ways by interrupt. */
void uart_begin(void);
/* Queues a frame and its closing zero; a frame that does not fit is dropped whole. */
void uart_send(const uint8_t *bytes, uint8_t length);
/* True while bytes are still going out. */
uint8_t uart_sending(void);
/* The frame that came in, without its zero: its length, or 0 when there is none. Give it back with `uart_release`. */
uint8_t uart_received(uint8_t **bytes);
void uart_release(void);
#endif
