/* Whether a viewer keeps up, and how long a slow one waits for video. `senders` and `port` report
 * what it has not taken.
 *
 * Always holds: a viewer that is slow again soon after a keyframe waits twice as long, because each
 * return costs all viewers a keyframe. */
#include "link/slow_viewer.h"

/* How long a viewer that fell behind waits for video, at first and if it falls again. */
static const double WAIT_S = 0.5, LONGEST_WAIT_S = 8.0;
/* A viewer that falls again within this time after it went on waits twice as long. */
static const double STEADY_S = 10.0;

/* After this many packets within this time that a full network card or buffer refused, a viewer's
 * video stops. */
enum { REFUSED_MOST = 32 };
static const double REFUSED_WITHIN_S = 1.0;

void slow_viewer_init(struct slow_viewer *slow, bool exempt)
{
    *slow = (struct slow_viewer){.exempt = exempt, .wait_s = WAIT_S};
}

static void stop(struct slow_viewer *slow, int dropped, double now)
{
    slow->dropped += dropped;
    if (slow->is_down)
        return;
    slow->is_down = true;
    slow->since = now;
    if (!slow->has_resumed || now - slow->resumed_at > STEADY_S)
        slow->wait_s = WAIT_S;
    else
        slow->wait_s = 2 * slow->wait_s < LONGEST_WAIT_S ? 2 * slow->wait_s : LONGEST_WAIT_S;
}

void slow_viewer_stop_video(struct slow_viewer *slow, int dropped, double now)
{
    slow->overflowed = true;
    stop(slow, dropped, now);
}

bool slow_viewer_count_refused(struct slow_viewer *slow, int packets, double now)
{
    if (now - slow->refused_since > REFUSED_WITHIN_S) {
        slow->refused = 0;
        slow->refused_since = now;
    }
    slow->refused += packets;
    if (slow->refused <= REFUSED_MOST || slow->exempt) {
        slow->dropped += packets;
        return false;
    }
    slow->refused = 0;
    bool fell = !slow->is_down;
    stop(slow, packets, now);
    return fell;
}

bool slow_viewer_may_resume(const struct slow_viewer *slow, size_t held, double now)
{
    return !slow->is_down || (held == 0 && now - slow->since >= slow->wait_s);
}

void slow_viewer_resume(struct slow_viewer *slow, double now)
{
    if (!slow->is_down)
        return;
    slow->is_down = false;
    slow->has_resumed = true;
    slow->resumed_at = now;
}
