/* Timers: finish frames, send bursts, reports and feedback, and watch consent and silence. As
 * `farmlive.media.engine.python.timers`.
 *
 * Each wake-up runs what is due, so that the timers themselves seldom wake the thread. */
#ifndef FARMLIVE_TIMERS_H
#define FARMLIVE_TIMERS_H

#include "core/core.h"

/* Begin to tick; `wall` is our clock's time now, in seconds since 1970. */
void upkeep_start(struct core *core, double wall, double now);

/* Run a peer's timers from now on; it has keys and a path; it is gone. */
void upkeep_watch(struct core *core, struct peer *peer);
void upkeep_joined(struct core *core, struct peer *peer);
void upkeep_forget(struct peer *peer);

/* After a read: send whole frames, and run what is due. */
void upkeep_after_reading(struct core *core, double now);
/* When something is due at the latest, and doing it. */
double upkeep_due(const struct core *core);
void upkeep_run(struct core *core, double now);

/* Request the keyframes that viewers of this output may wait for. */
void upkeep_ask_for_keyframe(struct core *core, struct output *output, double now);
/* Send this publisher's requests soon: for keyframes and for missing packets. */
void upkeep_ask(struct core *core, struct publisher *publisher, double now);
/* A viewer catches up: send bursts, a part at a time. */
void upkeep_pump_soon(struct core *core, double now);
/* Send a viewer the sender reports of this moment. */
void upkeep_report_to(struct core *core, struct peer *peer, double now);
/* This moment as the middle 32 bits of our NTP time. */
uint32_t upkeep_middle_of(const struct core *core, double now);

#endif
