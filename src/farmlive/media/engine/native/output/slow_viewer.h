/* Whether a viewer keeps up. A slow viewer gets sound alone, until it has taken what it held; then
 * video continues at a keyframe. As `Stall` of `farmlive.media.engine.python.net.slow_viewer`. */
#ifndef FARMLIVE_SLOW_VIEWER_H
#define FARMLIVE_SLOW_VIEWER_H

#include <stdbool.h>
#include <stddef.h>

struct slow_viewer {
    long dropped; /* packets that were left out since it could not keep up */
    bool is_down; /* it gets no video */
    double since;
    double wait_s;
    bool has_resumed;
    double resumed_at;
    int refused;
    double refused_since;
};

void slow_viewer_init(struct slow_viewer *slow);
/* It held too much and packets were dropped: no video until it may continue. */
void slow_viewer_fall(struct slow_viewer *slow, int dropped, double now);
/* Packets to it were refused; true if that makes it slow. */
bool slow_viewer_refuse(struct slow_viewer *slow, int packets, double now);
/* Whether it should get the next keyframe while it holds `held` bytes. */
bool slow_viewer_may_go_on(const struct slow_viewer *slow, size_t held, double now);
/* It gets a keyframe. */
void slow_viewer_go_on(struct slow_viewer *slow, double now);

#endif
