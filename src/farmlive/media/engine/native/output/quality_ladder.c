/* The quality ladder of a viewer.
 *
 * Always holds: each failure soon after a step up doubles the pause before the next. */
#include "output/quality_ladder.h"

#include <math.h>

/* To leave out the frames that no other refers to helps if they are this share of the stream. */
static const double SHARE_LEAST = 0.1;
/* A step up needs this much more than it takes. */
static const double ROOMY = 1.03;
/* A step up comes after a pause that doubles after each failed step. */
static const double PAUSE_S = 4.0, LONGEST_PAUSE_S = 64.0;
static const double TRIAL_S = 10.0, FORGIVEN_S = 60.0;

void quality_ladder_init(struct quality_ladder *ladder)
{
    *ladder = (struct quality_ladder){.pause_s = PAUSE_S};
}

enum rung quality_ladder_rung(const struct quality_ladder *ladder)
{
    return ladder->carried > ladder->most ? ladder->carried : ladder->most;
}

/* Return the best rung by bitrate; only lateness shows that keyframes are too much. */
static enum rung fitting(const struct quality_ladder *ladder, double kbps, double stream_kbps,
                         double disposable)
{
    if (kbps >= stream_kbps)
        return RUNG_FULL;
    if (ladder->can_thin && kbps >= stream_kbps * (1 - disposable))
        return RUNG_FEWER_FRAMES;
    return RUNG_KEYFRAMES;
}

static void lower(struct quality_ladder *ladder, enum rung rung, double now)
{
    if (ladder->has_raised && now - ladder->raised_at < TRIAL_S)
        ladder->pause_s = fmin(2 * ladder->pause_s, LONGEST_PAUSE_S);
    ladder->carried = rung;
    ladder->has_raised = false;
    ladder->up_at = now + ladder->pause_s;
}

static void raise_to(struct quality_ladder *ladder, enum rung fits, double now)
{
    if (fits >= ladder->carried)
        return;
    /* After sound alone keyframes are tried first: nothing has measured the link meanwhile. */
    ladder->carried = ladder->carried == RUNG_SOUND ? RUNG_KEYFRAMES : fits;
    ladder->has_raised = true;
    ladder->raised_at = now;
    ladder->up_at = now + ladder->pause_s;
}

void quality_ladder_decide(struct quality_ladder *ladder, bool narrow, double kbps,
                           double stream_kbps, double disposable, double now)
{
    ladder->can_thin = disposable >= SHARE_LEAST;
    if (ladder->has_raised && now - ladder->raised_at > FORGIVEN_S)
        ladder->pause_s = PAUSE_S;
    if (!narrow) {
        ladder->carried = RUNG_FULL;
        return;
    }
    enum rung fits = fitting(ladder, kbps, stream_kbps, disposable);
    if (fits > ladder->carried)
        lower(ladder, fits, now);
    else if (now >= ladder->up_at)
        raise_to(ladder, fitting(ladder, kbps / ROOMY, stream_kbps, disposable), now);
}

void quality_ladder_failed(struct quality_ladder *ladder, double now)
{
    enum rung rung = quality_ladder_rung(ladder);
    if (rung == RUNG_FULL)
        lower(ladder, ladder->can_thin ? RUNG_FEWER_FRAMES : RUNG_KEYFRAMES, now);
    else
        lower(ladder, rung == RUNG_FEWER_FRAMES ? RUNG_KEYFRAMES : RUNG_SOUND, now);
}
