/* The frames that one connection has not taken yet, in order. As `SendQueue` of
 * `farmlive.media.engine.python.net.slow_viewer`.
 *
 * Always holds: a partly sent frame stays, or the stream would lose its framing. */
#ifndef FARMLIVE_SEND_QUEUE_H
#define FARMLIVE_SEND_QUEUE_H

#include <sys/uio.h>

#include "wire/framing.h"

/* At most about a second of the stream, and never more than this. */
enum { SEND_QUEUE_MOST = 512 * 1024 };

struct frame;

/* All zeros is an empty queue. */
struct send_queue {
    size_t size;  /* in bytes, without sent ones */
    size_t begun; /* sent bytes of the first frame */
    struct frame *first, *last;
};

void send_queue_clear(struct send_queue *send_queue);
/* Add a packet, of at most 65535 bytes, as a frame. `is_video`: it may be dropped; `at`: when it
 * was to be sent. */
void send_queue_add(struct send_queue *send_queue, const uint8_t *packet, size_t size,
                    bool is_video, double at);
/* Get the next bytes to send, in at most `room` parts: about `most` bytes, at least one frame if
 * there is one. Returns the number of parts. */
int send_queue_next(const struct send_queue *send_queue, size_t most, struct iovec *parts,
                    int room);
/* Remove `count` bytes, which were sent. */
void send_queue_sent(struct send_queue *send_queue, size_t count);
/* Enforce the limits: drop all video, then the oldest other frames. Returns the number of dropped
 * packets. */
int send_queue_trim(struct send_queue *send_queue, double now);

#endif
