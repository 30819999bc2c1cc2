/* Selects a viewer's simulcast layer by what the publisher sends, the link carries and the viewer
 * wants. Pure decisions from numbers and times, as
 * `farmlive.media.engine.python.link.layer_select`. */
#ifndef FARMLIVE_LAYER_SELECT_H
#define FARMLIVE_LAYER_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "link/layer_probe.h"

enum { LAYERS_MOST = 4 };

/* The layers that flow at present. A single layer always flows. Other modules read `count` and
 * `flowing`. */
struct flow {
    int count;
    bool flowing[LAYERS_MOST];
    bool had[LAYERS_MOST];    /* it flowed before */
    bool coming[LAYERS_MOST]; /* it flows since then */
    double coming_since[LAYERS_MOST];
    double moved_at[LAYERS_MOST];
    long seen[LAYERS_MOST];                /* packets at its last progress */
    long frames[LAYERS_MOST][LAYERS_MOST]; /* of all layers, at its last progress */
};

/* `count` is at most LAYERS_MOST. */
void flow_init(struct flow *flow, int count);

/* Return the highest flowing layer, or 0. */
int flow_highest(const struct flow *flow);

/* Return whether a request for a keyframe of this layer may succeed. */
bool flow_may_ask(const struct flow *flow, int layer);

/* Record the packet and frame counts of each layer; return true if the flowing layers changed. */
bool flow_look(struct flow *flow, const long packets[], const long frames[], double now);

/* The layer for one viewer: steps down fast, and up slowly, slower after each failed step.
 *
 * `most` is the highest layer that the viewer wants; -1: no limit. `probe` is the layer whose
 * bitrate is being tried: for a moment the viewer gets that much in addition, as padding, which
 * shows whether its link carries it. A failed step would cost the viewer its picture; a failed
 * probe does not. -1: none. `watch` has the probe, and the checks of the link. Other modules set
 * `most`, and read only `most`, `probe` and `loss`. */
struct choice {
    int most, probe;
    /* The lost share of what was recently sent, and the viewer's own bandwidth estimate, -1 before
     * its first one. */
    double loss, estimate_kbps;
    int limit; /* the highest layer that the link is taken to carry */
    int bad_windows;
    bool is_news, in_window, is_low, raised, lowered;
    double window_since;
    int64_t window_highest, window_lost;
    double low_since, raised_at, probe_since;
    /* Loss that stays when less is sent, as on a radio link, is not congestion. */
    double base_loss;
    /* Before the last step down (`lowered`): the loss, and the received bitrate. */
    double loss_before, received_before;
    double reported_at, estimate_at, down_at, fell_at;
    double up_at, back_off;
    double joined_at, later;
    bool is_new;     /* nothing has failed since it joined */
    bool had_layers; /* the source had several at the last decision */
    struct link_probe watch;
};

/* `place` tells the viewers of one link apart. */
void choice_init(struct choice *choice, double now, uint64_t place);

/* Start a new stream: reports from now on have other sequence numbers. */
void choice_begin_stream(struct choice *choice);

/* Return whether the viewer recently stepped down because its link was full. */
bool choice_is_congested(const struct choice *choice, double now);

/* Return whether the viewer has stepped up, and not for long: the link may not carry it. */
bool choice_is_trying(const struct choice *choice, double now);

/* Return whether the link is full of what the viewer gets. */
bool choice_is_full(const struct choice *choice, double now);

/* Record that the viewer could not keep up with this layer: its next keyframe is of a lower one. */
void choice_stalled(struct choice *choice, int current, double now);

/* Return the estimated capacity of the viewer's link, or -1 without an estimate. */
double choice_carries_kbps(const struct choice *choice, double now);

/* Return the viewer's loss, or 0 without a recent report. */
double choice_recent_loss(const struct choice *choice, double now);

/* Record a receiver report: extended highest sequence number and cumulative number lost. Returns
 * true if a window is full, so that it is time to decide. */
bool choice_reported(struct choice *choice, uint32_t highest, int32_t total_lost, double now);

/* Record the viewer's own bandwidth estimate (REMB), in kbit/s. It rises slowly whatever is sent,
 * and falls when delay grows: only a fall is information. */
void choice_estimated(struct choice *choice, double kbps, double now);

/* Record the queue of the link, as the answer to a check shows it. */
void choice_checked(struct choice *choice, double queue_s, double now);

/* Return the layer to send, one of those that flow. `current` is the layer that the viewer gets
 * now, `kbps` the bitrate of each of the `count` layers; `can_probe`: the viewer accepts padding;
 * `is_settled`: it gets no burst, and does not wait. */
int choice_decide(struct choice *choice, const bool flowing[], const double kbps[], int count,
                  int current, double now, bool can_probe, bool is_settled);

#endif
