/* How fast one viewer may be sent packets, and how it joins a group of pictures by that. Pure
 * decisions from numbers and times, as `farmlive.media.engine.python.link.pace`. `link_estimate`
 * finds what the link carries. */
#ifndef FARMLIVE_PACE_H
#define FARMLIVE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* What may leave to one viewer: a token bucket. `link_estimate` reads for how long of the window
 * the pace was the limit, and what was sent meanwhile. */
struct pace {
    double busy_s;
    uint32_t busy_octets, octets; /* meanwhile, and in all */
    bool is_limited;
    double tokens, at;
};

/* How a viewer joins a group of pictures. */
enum join { JOIN_GROUP, JOIN_GENTLY, JOIN_WAIT };

/* Decide how a viewer joins a group of which `octets` have come. `kbps` is how fast it may be sent,
 * `answers` whether the source answers keyframe requests, and `wait_s` how long the next request
 * must wait. Gently: with the group, hardly faster than it comes: at first the viewer is a little
 * behind. */
enum join pace_join_plan(uint32_t octets, double kbps, bool answers, double wait_s);
/* Return how fast a stream of this rate may be sent while nothing shows a limit. */
double pace_unhindered_kbps(double stream_kbps, bool gently);
/* Return the rate of a stream, or what is usual while it has not been measured. */
double pace_stream_kbps(double stream_kbps);

void pace_init(struct pace *pace, double now);
/* Measure anew for how long the pace is the limit. */
void pace_open_window(struct pace *pace);
/* Return how many octets may leave now at this pace, and take octets from that. None may leave
 * while it is at most 0. `measures`: what leaves at this pace shows what the link carries. */
double pace_may_send(struct pace *pace, double kbps, double now, bool measures);
void pace_spent(struct pace *pace, uint32_t octets);
/* Take the octets of a repair, which are none of the stream's. */
void pace_take(struct pace *pace, uint32_t octets);

#endif
