/* Timers: finish frames, send bursts, reports and feedback, and watch consent and silence. As
 * `farmlive.media.upkeep`.
 *
 * Each wake-up runs what is due, so that the timers themselves seldom wake the thread. */
#ifndef FARMLIVE_UPKEEP_H
#define FARMLIVE_UPKEEP_H

#include "core.h"

/* Begin to tick; `wall` is our clock's time now, in seconds since 1970. */
void upkeep_start(struct core *core, double wall, double now);

/* Look after a peer, which is joining now; it has its keys and its place; it is gone. */
void upkeep_watch(struct core *core, struct peer *peer);
void upkeep_joined(struct core *core, struct peer *peer);
void upkeep_forget(struct peer *peer);

/* Some datagrams were taken: send what is whole, and do what is due. */
void upkeep_after_reading(struct core *core, double now);
/* When something is due at the latest, and doing it. */
double upkeep_due(const struct core *core);
void upkeep_run(struct core *core, double now);

/* Somebody may wait for a keyframe of the publishers that this output gets. */
void upkeep_ask_for_keyframe(struct core *core, struct output *output, double now);
/* Ask this publisher soon for what is wanted of it, or for what is missing. */
void upkeep_ask(struct core *core, struct publisher *publisher, double now);
/* Somebody catches up: send the bursts, a part at a time. */
void upkeep_pump_soon(struct core *core, double now);
/* Send a viewer the sender reports of this moment. */
void upkeep_report_to(struct core *core, struct peer *peer, double now);
/* This moment as the middle 32 bits of our NTP time. */
uint32_t upkeep_middle_of(const struct core *core, double now);

#endif
