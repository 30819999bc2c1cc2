/* Timers: finish frames, send batches, reports and feedback, and watch consent and silence. As
 * `farmlive.media.engine.python.timers`.
 *
 * Each wake-up runs what is due, so that the timers themselves seldom wake the thread. */
#ifndef FARMLIVE_TIMERS_H
#define FARMLIVE_TIMERS_H

#include "core/core.h"

/* Start ticking; `wall` is our clock's time now, in seconds since 1970. */
void timers_start(struct core *core, double wall, double now);

/* Add a peer's timers; record that it has keys and a path; remove them. */
void timers_add(struct core *core, struct peer *peer);
void timers_joined(struct core *core, struct peer *peer);
void timers_forget(struct peer *peer);

/* After a read: send complete frames, and run what is due. */
void timers_after_reading(struct core *core, double now);
/* Return when the next work is due at the latest, and do due work. */
double timers_due(const struct core *core);
void timers_run(struct core *core, double now);

/* Request the keyframes that viewers of this output may wait for. */
void timers_request_keyframes(struct core *core, struct output *output, double now);
/* Send this publisher's requests soon: for keyframes and for missing packets. */
void timers_schedule_request(struct core *core, struct publisher *publisher, double now);
/* A viewer catches up: send batches, a part at a time. */
void timers_schedule_bursts(struct core *core, double now);
/* Send a viewer the sender reports of this moment. */
void timers_send_sender_report(struct core *core, struct peer *peer, double now);
/* Send a sender report to each viewer of this output whose link is to be measured now. */
void timers_measure_links(struct core *core, struct output *output, double now);
/* Return this moment as the middle 32 bits of our NTP time. */
uint32_t timers_ntp_middle(const struct core *core, double now);

#endif
