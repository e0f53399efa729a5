/* What all three boards share: pins, clocks, frame layout and the few names a sensor image must define. */
#ifndef BOARD_H
#define BOARD_H
#include <avr/io.h>
#include <stdint.h>

#define FIRMWARE_VERSION 1

/* Lights on port B. */
#define LIGHT_LINK _BV(PB5)
#define LIGHT_AUTHORISED _BV(PB4)
/* Actuators on port D. Both act when driven, so that a dead board leaves power and water as they were wired. */
#define RELAY_COIL _BV(PD6) /* driven: the contact opens and the load is cut */
#define VALVE_COIL _BV(PD7) /* driven: the valve shuts */

/* Measurements are made in blocks of 0.4 s: 20 periods of a 50 Hz mains, so that a block holds whole periods. */
#define BLOCK_MS 400
#define WINDOW_MIN_MS 400
#define WINDOW_MAX_MS 60000
#define WINDOW_DEFAULT_MS 2000

enum kind { KIND_POWER = 1, KIND_WATER = 2, KIND_COMFORT = 3 };

enum flag { FLAG_AUTHORISED = 1, FLAG_CALIBRATED = 2, FLAG_SENSOR_FAULT = 4 };

enum command {
  COMMAND_AUTHORISE = 0x41,
  COMMAND_CALIBRATE = 0x42,
  COMMAND_RELAY = 0x43,
  COMMAND_VALVE = 0x44,
  COMMAND_CONFIGURE = 0x45,
  COMMAND_HELLO = 0x46,
};
#define ACK_OF(command) ((uint8_t)((command) + 0x40))

enum status { STATUS_DONE = 0, STATUS_REPLAYED = 1, STATUS_BAD_ARGUMENT = 2, STATUS_NOT_THIS_BOARD = 3 };

/* Commands and reports are looked after this often; sensors have a rhythm of their own. */
#define ATTEND_MS 10

/* Set by any interrupt that leaves work for the main loop; `attend` when that work is a command or a report. */
extern volatile uint8_t wake;
extern volatile uint8_t attend;
/* Set by every interrupt that may have delayed another: an echo timed meanwhile is not trusted. */
extern volatile uint8_t disturbed;
/* Milliseconds since the start; the sensor's timer counts them. */
extern volatile uint32_t uptime;
uint32_t uptime_now(void);

/* Defined by each sensor image. */
extern const uint8_t sense_kind;
extern const uint8_t sense_channels; /* how many channels can be calibrated */
void sense_begin(void);
/* Called whenever an interrupt left work; closes a block of 0.4 s when one is full. */
void sense_poll(void);
/* Writes the report's body, begins a new report window, and returns the body's length; tells whether a sensor failed. */
uint8_t sense_report(uint8_t *body, uint8_t *fault);
/* Moves the board's actuator; a status of `enum status`. */
uint8_t sense_actuate(uint8_t command, uint8_t on);

#endif
