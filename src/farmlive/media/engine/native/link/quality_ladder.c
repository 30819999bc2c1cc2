/* The quality ladder of a viewer.
 *
 * Always holds: each failure soon after a step up doubles the pause before the next. */
#include "link/quality_ladder.h"

#include <math.h>

/* A step down comes at once where the link carries less than this share of what it takes, else
 * after so many seconds: an estimate may rise again. */
static const double FAR_LESS = 0.6, SHORT_S = 1.5;
/* To leave out the frames that no other refers to helps if they are this share of the stream. */
static const double SHARE_LEAST = 0.1;
/* A viewer moves a rung up at once if the estimate is ROOMY times what that rung needs, and after
 * BARELY_S seconds at BARELY times: a link that carries single keyframes may not carry a stream. */
static const double ROOMY = 1.15, BARELY = 1.03, BARELY_S = 5.0;
/* With this much more by its estimate all is tried, whatever it carried for longer. */
static const double AMPLE = 2.0;
/* A step up comes after a pause that doubles after each failed step. */
static const double PAUSE_S = 4.0, LONGEST_PAUSE_S = 64.0;
static const double TRIAL_S = 10.0, FORGIVEN_S = 60.0;
/* So many checks in a row that show a queue of this length are too much; the queue of what was sent
 * before a step down has two seconds to drain. */
enum { CROWDED = 2 };
static const double CROWDED_S = 0.1, SETTLE_S = 2.0;

void quality_ladder_init(struct quality_ladder *ladder)
{
    *ladder = (struct quality_ladder){.pause_s = PAUSE_S, .barely_at = -1, .short_at = -1};
}

enum rung quality_ladder_rung(const struct quality_ladder *ladder)
{
    return ladder->carried > ladder->most ? ladder->carried : ladder->most;
}

/* Return the best rung by bitrate; only lateness shows that keyframes are too much. */
static enum rung fitting(const struct quality_ladder *ladder, double kbps, double stream_kbps,
                         double disposable_kbps)
{
    if (kbps >= stream_kbps)
        return RUNG_FULL;
    if (ladder->can_thin && kbps >= stream_kbps - disposable_kbps)
        return RUNG_FEWER_FRAMES;
    return RUNG_KEYFRAMES;
}

static void lower(struct quality_ladder *ladder, enum rung rung, double now)
{
    if (ladder->has_raised && now - ladder->raised_at < TRIAL_S)
        ladder->pause_s = fmin(2 * ladder->pause_s, LONGEST_PAUSE_S);
    ladder->carried = rung;
    ladder->has_raised = false;
    ladder->barely_at = ladder->short_at = -1;
    ladder->lowered_at = now;
    ladder->crowded = 0;
    ladder->tries = false;
    ladder->up_at = now + ladder->pause_s;
}

static void raise_to(struct quality_ladder *ladder, enum rung rung, double now)
{
    ladder->carried = rung;
    ladder->has_raised = true;
    ladder->tries = false;
    ladder->raised_at = now;
    ladder->barely_at = -1;
    ladder->up_at = now + ladder->pause_s;
}

static void try_all(struct quality_ladder *ladder, double now)
{
    raise_to(ladder, RUNG_FULL, now);
    ladder->tries = true;
}

/* Update since when something holds. */
static void note_since(double *since, bool holds, double now)
{
    if (!holds)
        *since = -1;
    else if (*since < 0)
        *since = now;
}

void quality_ladder_decide(struct quality_ladder *ladder, bool narrow, double kbps,
                           double steady_kbps, double stream_kbps, double disposable_kbps,
                           double now)
{
    ladder->can_thin =
        SHARE_LEAST * stream_kbps > 0 && disposable_kbps >= SHARE_LEAST * stream_kbps;
    if (ladder->has_raised && now - ladder->raised_at > FORGIVEN_S)
        ladder->pause_s = PAUSE_S;
    if (!narrow) {
        ladder->carried = RUNG_FULL;
        ladder->short_at = -1;
        ladder->tries = false;
        return;
    }
    enum rung fits = fitting(ladder, kbps, stream_kbps, disposable_kbps);
    enum rung far = fitting(ladder, kbps / FAR_LESS, stream_kbps, disposable_kbps);
    /* Only trying tells whether the link carries what the viewer gets. */
    bool tries = ladder->tries && ladder->has_raised && now - ladder->raised_at < TRIAL_S;
    note_since(&ladder->short_at, fits > ladder->carried && !tries, now);
    if (ladder->short_at >= 0 && (far > ladder->carried || now - ladder->short_at >= SHORT_S)) {
        lower(ladder, fits, now);
        return;
    }
    enum rung roomy = fitting(ladder, steady_kbps / ROOMY, stream_kbps, disposable_kbps);
    enum rung barely = fitting(ladder, steady_kbps / BARELY, stream_kbps, disposable_kbps);
    note_since(&ladder->barely_at, barely < ladder->carried, now);
    if (now < ladder->up_at)
        return;
    if (ladder->carried == RUNG_SOUND)
        /* Nothing has measured the link meanwhile. */
        raise_to(ladder, RUNG_KEYFRAMES, now);
    else if (ladder->carried == RUNG_FEWER_FRAMES || kbps >= AMPLE * stream_kbps)
        /* Without them the stream never fills the link, nor does a keyframe that comes more slowly
         * than it may leave: only trying tells. */
        try_all(ladder, now);
    else if (roomy < ladder->carried)
        raise_to(ladder, roomy, now);
    else if (ladder->barely_at >= 0 && now - ladder->barely_at >= BARELY_S)
        raise_to(ladder, barely, now);
}

void quality_ladder_checked(struct quality_ladder *ladder, double queue_s, double now)
{
    ladder->crowded = queue_s > CROWDED_S ? ladder->crowded + 1 : 0;
    if (ladder->crowded >= CROWDED && now - ladder->lowered_at >= SETTLE_S)
        quality_ladder_failed(ladder, now);
}

void quality_ladder_failed(struct quality_ladder *ladder, double now)
{
    enum rung rung = quality_ladder_rung(ladder);
    if (rung == RUNG_FULL)
        lower(ladder, ladder->can_thin ? RUNG_FEWER_FRAMES : RUNG_KEYFRAMES, now);
    else
        lower(ladder, rung == RUNG_FEWER_FRAMES ? RUNG_KEYFRAMES : RUNG_SOUND, now);
}
