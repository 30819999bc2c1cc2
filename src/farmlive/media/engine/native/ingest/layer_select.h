/* Chooses a viewer's simulcast layer: by the layers that arrive, by what its link carries and by
 * what it wants. Pure decisions over numbers and times, as
 * `farmlive.media.engine.python.layer_select`. */
#ifndef FARMLIVE_LAYER_SELECT_H
#define FARMLIVE_LAYER_SELECT_H

#include <stdbool.h>
#include <stdint.h>

enum { LAYERS_MOST = 4 };

/* Which layers come at present. A single layer always does. Others read `count` and `flowing`. */
struct flow {
    int count;
    bool flowing[LAYERS_MOST];
    bool had[LAYERS_MOST];    /* it came before */
    bool coming[LAYERS_MOST]; /* it comes, since then */
    double coming_since[LAYERS_MOST];
    double moved_at[LAYERS_MOST];
    long seen[LAYERS_MOST];                /* packets, when it moved last */
    long frames[LAYERS_MOST][LAYERS_MOST]; /* of all layers, when it moved last */
};

/* `count` is at most LAYERS_MOST. */
void flow_init(struct flow *flow, int count);

/* The highest layer that comes, or 0. */
int flow_highest(const struct flow *flow);

/* Whether a keyframe of this layer can be hoped for. */
bool flow_may_ask(const struct flow *flow, int layer);

/* Take the packets and frames of each layer so far; true where it changed what comes. */
bool flow_look(struct flow *flow, const long packets[], const long frames[], double now);

/* The layer for one viewer: down fast, up slowly, and slower after each step that failed.
 *
 * `most` is the highest layer that it wants; -1: no limit. `probe` is the layer of which as much is
 * sent for a moment, on top of what the viewer gets, to see whether its link carries that: a step
 * that fails costs the viewer its picture, a probe does not. -1: none. Others set `most`, and read
 * `most`, `probe` and `loss` only. */
struct choice {
    int most, probe;
    /* Share of what was sent lately that did not come, and what the viewer thinks it can get, -1
     * before its first estimate. */
    double loss, estimate_kbps;
    int limit; /* -1 before the first decision */
    int bad_windows;
    bool is_news, in_window, is_low, raised, lowered;
    double window_since;
    int64_t window_highest, window_lost;
    double low_since, raised_at, probe_since;
    /* Loss that stays when less is sent, as on a radio link, is none of our making. */
    double base_loss;
    /* The loss before the last step down, and what came through, where it is `lowered`. */
    double loss_before, received_before;
    double reported_at, estimate_at, down_at, fell_at;
    double up_at, back_off;
};

void choice_init(struct choice *choice, double now);

/* What is reported from now on has other numbers. */
void choice_begin_stream(struct choice *choice);

/* Whether it gets less since a moment ago, because its link was full. */
bool choice_is_congested(const struct choice *choice, double now);

/* It could not keep up with this layer: the next keyframe is one of a lower layer. */
void choice_stalled(struct choice *choice, int current, double now);

/* The bitrate that the viewer's link is thought to carry, or -1 without an estimate. */
double choice_carries_kbps(const struct choice *choice, double now);

/* Its loss, or 0 where nothing was reported lately. */
double choice_recent_loss(const struct choice *choice, double now);

/* A receiver report: extended highest number and how many were lost in all. True where a window is
 * full, so that it is time to decide. */
bool choice_reported(struct choice *choice, uint32_t highest, int32_t total_lost, double now);

/* The viewer's own estimate (REMB) of what it can get. It rises slowly, whatever is sent, and falls
 * when packets come later and later: only a fall is evidence. */
void choice_estimated(struct choice *choice, double kbps, double now);

/* The layer to send, of those that come. `current` is what it gets now, `kbps` what each of the
 * `count` layers has; `can_probe`: the viewer takes what serves for nothing else. */
int choice_decide(struct choice *choice, const bool flowing[], const double kbps[], int count,
                  int current, double now, bool can_probe);

#endif
