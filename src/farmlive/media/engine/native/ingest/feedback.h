/* A publisher's RTCP: its sender reports, our requests and reports. A part of
 * `farmlive.media.engine.python.ingest.publisher`. */
#ifndef FARMLIVE_FEEDBACK_H
#define FARMLIVE_FEEDBACK_H

#include "ingest/publisher.h"

/* Handle its sender report: its clock. */
void feedback_take_report(struct publisher *publisher, const struct sender_report *report,
                          double now);
/* Handle its reply to our reference time; `middle_now` is the middle of our NTP time. */
void feedback_take_reply(struct publisher *publisher, const struct reference_reply *reply,
                         uint32_t middle_now);

/* Write urgent requests, if there are any. */
void feedback_request(struct publisher *publisher, double now, struct rtcp_buffer *out);
/* Write the feedback due now; `report`: a receiver report is due, and with `wall_ntp` (not 0) a
 * reference time, by which the round trip is measured. */
void feedback_write(struct publisher *publisher, double now, bool report, uint64_t wall_ntp,
                    struct rtcp_buffer *out);

#endif
