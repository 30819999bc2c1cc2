/* What came of sending, as the senders tell it: a viewer whose packets were refused falls behind, a
 * packet for a stream goes into its connection, and Python hears whose keys are free. */
#ifndef FARMLIVE_DELIVERY_H
#define FARMLIVE_DELIVERY_H

#include "core.h"

/* Take what senders have told since the last call. */
void delivery_hear(struct core *core, double now);

#endif
