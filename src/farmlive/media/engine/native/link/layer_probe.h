/* Probes a viewer's link with the bitrate of a higher layer, and watches the link's queue by
 * checks. Pure decisions from numbers and times, as
 * `farmlive.media.engine.python.link.layer_probe`.
 *
 * A check is a STUN request to the viewer, which answers at once: its round trip shows the queue
 * when it matters, where receiver reports come once a second. */
#ifndef FARMLIVE_LAYER_PROBE_H
#define FARMLIVE_LAYER_PROBE_H

#include <stdbool.h>

/* State of a probe when a check was sent: its bytes sent so far, the seconds since it began, and
 * the queue that the check's round trip shows. */
struct link_probe_seen {
    long octets;
    double sent_s, queue_s;
};

/* The checks of one viewer's link, and its probe. Other modules read `answers`: a check was ever
 * answered; without one, a probe only sends. And `is_spoiled`: the queue grew during the probe. */
struct link_probe {
    bool answers, is_on, is_spoiled;
    bool has_asked; /* a check is under way, sent then */
    double asked_at, due_at;
    int lost;
    bool is_long; /* the queue is long since then */
    double long_since;
    double checked_at;
    bool gently, is_armed;
    double armed_at, sent_at;
    int quiet;
    double noise_s, owed;
    /* Bytes sent by the probe: now, and when the last check was sent. */
    long octets, asked_octets;
    /* At the check that ended the probe, if one did, and at the check before. */
    bool has_found;
    struct link_probe_seen found, before;
};

void link_probe_init(struct link_probe *probe, double now);

/* Return whether to send a check now, and record that one was sent. */
bool link_probe_wants_check(struct link_probe *probe, double now);
void link_probe_asked(struct link_probe *probe, double now);
/* Record the answer to the last check, and the queue that its round trip shows. */
void link_probe_answered(struct link_probe *probe, double queue_s, double now);
/* Return whether the link has been full for a while, which is shorter if `soon`. */
bool link_probe_is_full(const struct link_probe *probe, bool soon, double now);

/* Begin a probe, which grows more slowly if `gently`. */
void link_probe_begin(struct link_probe *probe, bool gently, double now);
/* End the probe; `is_layers`: the queue that the checks saw is the layer's, not its own. */
void link_probe_end(struct link_probe *probe, bool is_layers);
/* Return whether the link has carried the layer's bitrate for a while. */
bool link_probe_is_shown(const struct link_probe *probe, double now);
/* Return how many bytes to send now, if the layer has this much more than what the viewer gets, and
 * record that some were sent. */
double link_probe_owed(struct link_probe *probe, double more_kbps, double now);
void link_probe_spent(struct link_probe *probe, long octets);
/* Return the link's rate in kbit/s, measured by the check that ended the probe: the bytes sent by
 * then, of the probe and of a stream of this bitrate, divided by the time until its queue is empty;
 * or since the check before, if that is less, since a link may take a burst at once. 0 if no check
 * ended it. */
double link_probe_carried_kbps(const struct link_probe *probe, double stream_kbps);

#endif
