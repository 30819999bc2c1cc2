/* Handles what senders report: a viewer whose packets were refused is slow, a packet for a stream
 * goes into its TCP connection, and Python hears that a peer's keys are free. */
#ifndef FARMLIVE_SEND_RESULTS_H
#define FARMLIVE_SEND_RESULTS_H

#include "core/core.h"

/* Handle the reports since the last call. */
void send_results_handle(struct core *core, double now);

#endif
