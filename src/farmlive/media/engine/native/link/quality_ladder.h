/* Decides what of its track a viewer gets: every frame, fewer frames, keyframes alone, or sound
 * alone. Pure decisions from numbers and times, as
 * `farmlive.media.engine.python.link.quality_ladder`. `link_estimate` finds what the link carries,
 * `layer_select` chooses among layers. */
#ifndef FARMLIVE_QUALITY_LADDER_H
#define FARMLIVE_QUALITY_LADDER_H

#include <stdbool.h>

/* From the most to the least. */
enum rung { RUNG_FULL, RUNG_FEWER_FRAMES, RUNG_KEYFRAMES, RUNG_SOUND };

/* The rung of one viewer: down at once, up after a pause. */
struct quality_ladder {
    enum rung most;         /* what the viewer wants */
    enum rung carried;      /* what its link carries */
    bool can_thin;          /* enough frames can be left out */
    bool has_raised, tries; /* tries: the estimate said nothing about the last step up */
    double raised_at, up_at, pause_s;
    double lowered_at;
    int crowded;      /* the checks in a row that showed a queue */
    double short_at;  /* since when the link carries less than the viewer gets, or negative */
    double barely_at; /* since when the link barely carries more, or negative */
};

/* A keyframe that has not left after this many seconds is not worth the wait. */
#define KEYFRAME_MOST_S 4.0

void quality_ladder_init(struct quality_ladder *ladder);
/* Return what the viewer is to get: the lesser of what it wants and what its link carries. */
enum rung quality_ladder_rung(const struct quality_ladder *ladder);
/* Adapt to what the link carries: less by its estimate, more by what it carried for longer than a
 * moment. `stream_kbps` is the bitrate of the viewer's track, 0 if unknown,
 * and `disposable_kbps` that of its frames which no other refers to. A link that is not narrow
 * carries all. */
void quality_ladder_decide(struct quality_ladder *ladder, bool narrow, double kbps,
                           double steady_kbps, double stream_kbps, double disposable_kbps,
                           double now);
/* Record the queue that a check of a narrow link showed while frames are sent on and on. */
void quality_ladder_checked(struct quality_ladder *ladder, double queue_s, double now);
/* Record that what the viewer gets came too late: its link does not carry it. */
void quality_ladder_failed(struct quality_ladder *ladder, double now);

#endif
