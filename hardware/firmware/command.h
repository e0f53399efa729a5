#ifndef COMMAND_H
#define COMMAND_H
#include <stdint.h>
/* Opens and obeys at most one waiting command. */
void command_poll(void);
/* True once for each report window that ends while the board is authorised. */
uint8_t command_report_due(void);
/* Flags of the header that commands decide: authorised, calibrated. */
uint16_t command_flags(void);
#endif
