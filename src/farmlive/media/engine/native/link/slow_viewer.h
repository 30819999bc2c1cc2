/* Whether a viewer keeps up. A slow viewer gets audio alone, until it has taken what was queued;
 * then video continues at a keyframe. As `Backpressure` of
 * `farmlive.media.engine.python.net.slow_viewer`. */
#ifndef FARMLIVE_SLOW_VIEWER_H
#define FARMLIVE_SLOW_VIEWER_H

#include <stdbool.h>
#include <stddef.h>

struct slow_viewer {
    bool exempt;     /* what a full buffer refuses does not make it slow */
    bool overflowed; /* its own queue has overflowed, and not only our buffers */
    long dropped;    /* packets that were left out because it could not keep up */
    bool is_down;    /* it gets no video */
    double since;
    double wait_s;
    bool has_resumed;
    double resumed_at;
    int refused;
    double refused_since;
};

void slow_viewer_init(struct slow_viewer *slow, bool exempt);
/* Stop its video: its queue exceeded the limits and packets were dropped. */
void slow_viewer_stop_video(struct slow_viewer *slow, int dropped, double now);
/* Count packets that no buffer had room for; return true if that makes it slow. */
bool slow_viewer_count_refused(struct slow_viewer *slow, int packets, double now);
/* Return whether it should get the next keyframe, with `held` bytes in its queue. */
bool slow_viewer_may_resume(const struct slow_viewer *slow, size_t held, double now);
/* Record that it gets a keyframe. */
void slow_viewer_resume(struct slow_viewer *slow, double now);

#endif
