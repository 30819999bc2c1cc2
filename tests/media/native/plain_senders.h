/* Stands for the senders where outputs are driven by a script: each packet that is handed over is
 * printed in plain text, a line each: ">", the peer's number and the packet. */
#ifndef PLAIN_SENDERS_H
#define PLAIN_SENDERS_H

#include "senders.h"

/* These bytes in hexadecimal, and the end of the line. */
void print_bytes(const uint8_t *data, size_t size);
/* The bytes that are told in hexadecimal, at most `room`; returns how many are told. */
size_t read_bytes(const char *hex, uint8_t *out, size_t room);

#endif
