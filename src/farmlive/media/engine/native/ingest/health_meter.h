/* Measures what comes of a publisher's tracks, and how late. As
 * `farmlive.media.engine.python.ingest.health_meter`. */
#ifndef FARMLIVE_HEALTH_METER_H
#define FARMLIVE_HEALTH_METER_H

#include "ingest/publisher.h"

/* Update the health, once a second. */
void health_meter_measure(struct publisher *publisher, double now);

#endif
