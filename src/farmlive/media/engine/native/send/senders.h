/* Senders: encrypt packets with each viewer's key and send them, many viewers by one sendmmsg(2)
 * with UDP segmentation.
 *
 * Always holds: its owner alone uses a leg's session: the relay's thread if there are no send
 * threads, else one of these. An owner runs its tasks in order, so that a removed leg is in nothing
 * that comes later. No sender ever waits for a viewer. */
#ifndef FARMLIVE_SENDERS_H
#define FARMLIVE_SENDERS_H

#include "send/leg.h"
#include "send/packet_batch.h"
#include "send/send_feedback.h"

struct senders;

/* Legs that get the same batches; it never changes. Several threads may hold it. */
struct send_group;

/* Create senders with this number of send threads; before they are started, and with 0, tasks run
 * at once, in the caller's thread. With a `capture` (then `threads` is 0) nothing is sent. */
struct senders *senders_new(int threads, struct send_feedback *feedback,
                            const struct capture *capture);
/* Open each owner's send socket beside this UDP socket, before it has any peer. */
void senders_open_sockets(struct senders *senders, int shared);
/* Start the threads, before any task. Returns 0, or the error number if one can't be started:
 * earlier ones run then, and end with the rest. */
int senders_start(struct senders *senders);
/* Run all queued tasks, end the threads and free everything. */
void senders_free(struct senders *senders);

struct leg *senders_add(struct senders *senders, uint64_t peer, srtp_session transmit,
                        unsigned tag);
/* Protect RTP with this, which the leg owns from now on, from its first packet; NULL changes
 * nothing. */
void senders_use_gcm(struct leg *leg, struct gcm *gcm);
/* Send to this address from now on: by this UDP socket, or, with fd -1, by a stream. */
void senders_move(struct leg *leg, int fd, const struct address *address);
/* Remove the leg: its owner frees it and reports that. */
void senders_remove(struct leg *leg);

struct send_group *send_group_new(struct leg *const *legs, int count);
int send_group_count(const struct send_group *send_group);
void send_group_release(struct send_group *send_group);

/* Both take references of their own; the caller releases its own. */
void senders_send(struct send_group *send_group, struct packet_batch *batch);
void senders_send_one(struct leg *leg, struct packet_batch *batch);
/* Protect and send a compound packet of at most RTCP_MOST bytes (rtcp.h). */
void senders_send_rtcp(struct leg *leg, const uint8_t *data, size_t size);
/* Return for how long, in 1/65,536 s, the sender report with this middle of its NTP time has waited
 * for a send thread; 0 if it did not, or was not the last one. */
uint32_t senders_report_waited(const struct leg *leg, uint32_t middle);

/* Return the number of packets that could not be sent so far, of all senders. */
uint64_t senders_failed(const struct senders *senders);

#endif
