/* What one connection has not taken yet, in order. As `Backlog` of
 * `farmlive.media.engine.python.net.slow_viewer`.
 *
 * Always holds: a frame that has gone in part stays, or the stream could not be followed. */
#ifndef FARMLIVE_SEND_QUEUE_H
#define FARMLIVE_SEND_QUEUE_H

#include <sys/uio.h>

#include "wire/framing.h"

/* About a second of the stream, and never more than this. */
enum { SEND_QUEUE_MOST = 512 * 1024 };

struct frame;

/* All zeros is an empty one. */
struct send_queue {
    size_t size;  /* in bytes, without what has gone */
    size_t begun; /* how much of the first frame has gone */
    struct frame *first, *last;
};

void send_queue_clear(struct send_queue *send_queue);
/* Keep a packet, of at most 65535 bytes, as a frame. `is_video`: it may be dropped; `at`: when it
 * was to leave. */
void send_queue_add(struct send_queue *send_queue, const uint8_t *packet, size_t size,
                    bool is_video, double at);
/* What leaves next, in at most `room` parts: about `most` bytes, at least one frame where there is
 * one. Returns the number of parts. */
int send_queue_next(const struct send_queue *send_queue, size_t most, struct iovec *parts,
                    int room);
/* Remove `count` bytes, which were sent. */
void send_queue_sent(struct send_queue *send_queue, size_t count);
/* Enforce the bound: drop all video, then the oldest of the rest. Returns the number of dropped
 * packets. */
int send_queue_trim(struct send_queue *send_queue, double now);

#endif
