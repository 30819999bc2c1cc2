/* Whether a viewer keeps up, and how long a slow one waits for video. `senders` and `port` report
 * what it has not taken.
 *
 * Always holds: a viewer that is slow again soon after a keyframe waits twice as long, since each
 * return costs everyone a keyframe. */
#include "output/slow_viewer.h"

/* How long a viewer that fell behind waits for video, at first and when it falls ever again. */
static const double WAIT_S = 0.5, LONGEST_WAIT_S = 8.0;
/* Who falls again within this time after it went on waits twice as long. */
static const double STEADY_S = 10.0;

/* Packets that a full network card or buffer refused of one viewer, within this time, until its
 * video is not worth going on with. */
enum { REFUSED_MOST = 32 };
static const double REFUSED_WITHIN_S = 1.0;

void stall_init(struct stall *stall) { *stall = (struct stall){.wait_s = WAIT_S}; }

void stall_fall(struct stall *stall, int dropped, double now)
{
    stall->dropped += dropped;
    if (stall->is_down)
        return;
    stall->is_down = true;
    stall->since = now;
    if (!stall->has_resumed || now - stall->resumed_at > STEADY_S)
        stall->wait_s = WAIT_S;
    else
        stall->wait_s = 2 * stall->wait_s < LONGEST_WAIT_S ? 2 * stall->wait_s : LONGEST_WAIT_S;
}

bool stall_refuse(struct stall *stall, int packets, double now)
{
    if (now - stall->refused_since > REFUSED_WITHIN_S) {
        stall->refused = 0;
        stall->refused_since = now;
    }
    stall->refused += packets;
    if (stall->refused <= REFUSED_MOST) {
        stall->dropped += packets;
        return false;
    }
    stall->refused = 0;
    bool fell = !stall->is_down;
    stall_fall(stall, packets, now);
    return fell;
}

bool stall_may_go_on(const struct stall *stall, size_t held, double now)
{
    return !stall->is_down || (held == 0 && now - stall->since >= stall->wait_s);
}

void stall_go_on(struct stall *stall, double now)
{
    if (!stall->is_down)
        return;
    stall->is_down = false;
    stall->has_resumed = true;
    stall->resumed_at = now;
}
