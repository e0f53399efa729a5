/* What a gateway may ask of a board. A command's number must be higher than the last one obeyed, also over a restart. */
#include "command.h"
#include "board.h"
#include "frame.h"
#include "identity.h"
#include "uart.h"

#define LINK_MEMORY_MS 60000UL /* the link light goes out when no command was heard for this long */

static uint8_t authorised, heard;
static uint16_t window_ms = WINDOW_DEFAULT_MS;
static uint32_t window_began, heard_at, last_sequence;
static uint8_t sequence_loaded;

uint16_t command_flags(void) {
  return (authorised ? FLAG_AUTHORISED : 0) | (calibrated() ? FLAG_CALIBRATED : 0);
}

static uint8_t authorise(uint8_t on) {
  if (on > 1) return STATUS_BAD_ARGUMENT;
  if (on && !authorised) window_began = uptime_now();
  authorised = on;
  if (on) PORTB |= LIGHT_AUTHORISED;
  else PORTB &= ~LIGHT_AUTHORISED;
  return STATUS_DONE;
}

static uint8_t calibrate_channel(const uint8_t *body) {
  uint32_t gain = get_u32(body + 1);
  if (body[0] >= sense_channels || gain < GAIN_MIN || gain > GAIN_MAX) return STATUS_BAD_ARGUMENT;
  calibration_keep(body[0], gain, (int32_t)get_u32(body + 5));
  return STATUS_DONE;
}

/* The window begins anew with the command, so that a gateway chooses when in its sample period reports come. */
static uint8_t configure(const uint8_t *body) {
  uint16_t ms = ((uint16_t)body[0] << 8) | body[1];
  if (ms < WINDOW_MIN_MS || ms > WINDOW_MAX_MS) return STATUS_BAD_ARGUMENT;
  window_ms = ms;
  window_began = uptime_now();
  return STATUS_DONE;
}

static uint8_t length_of(uint8_t type) {
  switch (type) {
    case COMMAND_AUTHORISE:
    case COMMAND_RELAY:
    case COMMAND_VALVE: return 1;
    case COMMAND_CONFIGURE: return 2;
    case COMMAND_CALIBRATE: return 9;
    default: return 0;
  }
}

static uint8_t obey(const struct received *command) {
  if (command->body_length != length_of(command->type)) return STATUS_BAD_ARGUMENT;
  switch (command->type) {
    case COMMAND_AUTHORISE: return authorise(command->body[0]);
    case COMMAND_CALIBRATE: return calibrate_channel(command->body);
    case COMMAND_RELAY:
    case COMMAND_VALVE: return command->body[0] > 1 ? STATUS_BAD_ARGUMENT : sense_actuate(command->type, command->body[0]);
    case COMMAND_CONFIGURE: return configure(command->body);
    default: return STATUS_DONE;
  }
}

/* Only what changes the board is written down: a hello may come often, and an EEPROM cell bears 100,000 writes. */
static uint8_t judge(const struct received *command) {
  if (command->sequence <= last_sequence) return STATUS_REPLAYED;
  last_sequence = command->sequence;
  if (command->type != COMMAND_HELLO) sequence_keep(last_sequence);
  return obey(command);
}

static void answer(const struct received *command, uint8_t status) {
  uint8_t body[14], *end = body;
  end = put_u32(end, command->sequence);
  *end++ = status;
  *end++ = sense_kind;
  end = put_u16(end, FIRMWARE_VERSION);
  end = put_u32(end, last_sequence);
  end = put_u16(end, window_ms);
  frame_send_answer(ACK_OF(command->type), body, end - body, command_flags());
}

static void mind_link_light(void) {
  if (heard && uptime_now() - heard_at > LINK_MEMORY_MS) heard = 0;
  if (heard) PORTB |= LIGHT_LINK;
  else PORTB &= ~LIGHT_LINK;
}

void command_poll(void) {
  uint8_t *bytes;
  struct received command;
  uint8_t length = uart_received(&bytes);
  if (length) {
    if (!sequence_loaded) {
      last_sequence = sequence_kept();
      sequence_loaded = 1;
    }
    if (identity.commissioned && frame_open(bytes, length, &command) && command.type >= COMMAND_AUTHORISE &&
        command.type <= COMMAND_HELLO) {
      heard = 1;
      heard_at = uptime_now();
      answer(&command, judge(&command));
    }
    uart_release();
  }
  mind_link_light();
}

uint8_t command_report_due(void) {
  uint32_t now = uptime_now();
  if (!authorised || now - window_began < window_ms) return 0;
  window_began += window_ms;
  return 1;
}
