/* What is not seen of an output by what it sends. */
#ifndef OUTGOING_STATE_H
#define OUTGOING_STATE_H

#include "output/output.h"

/* Print its counters, its forwarders and its viewers, each in a line. */
void print_state(const struct output *output);

#endif
