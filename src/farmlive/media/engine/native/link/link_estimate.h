/* Estimates what one viewer's link carries, and from that how fast it may be sent to. Pure
 * decisions from numbers and times, as `farmlive.media.engine.python.link.link_estimate`.
 *
 * A link is unknown after the join, wide while nothing shows a limit, narrow once its queue fills
 * or overflows. */
#ifndef FARMLIVE_LINK_ESTIMATE_H
#define FARMLIVE_LINK_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "link/delay_proof.h"
#include "link/pace.h"
#include "link/queue_meter.h"
#include "link/repair_budget.h"

/* A burst that is over: how long it took, for how long of that the pace was the limit, its octets,
 * and the queue that stood in front of it. */
struct burst {
    double took_s, busy_s, front_s;
    uint32_t octets;
};

enum link_state { LINK_UNKNOWN, LINK_WIDE, LINK_NARROW };

/* Other modules read `state`, `kbps`, which is 0 until something showed a limit, `steady_kbps`,
 * what it was seen to carry for longer than a moment, and `is_unhindered`. */
struct link_estimate {
    struct pace pace;
    struct repair_budget repairs;
    bool controlled; /* false: it stays wide, whatever is reported */
    enum link_state state;
    double kbps, steady_kbps;
    bool holds;               /* a narrow one was seen to carry this since the estimate last fell */
    bool is_unhindered;       /* its pace held nothing back lately: what it carries does not show */
    struct queue_meter queue; /* by what answered since the last report */
    struct delay_proof proof; /* whether a long delay is the link's */
    bool in_window;           /* the last report: when, highest number, number lost, octets sent */
    double window_at;
    int64_t window_highest, window_lost;
    uint32_t window_octets;
    double probed_at; /* when a probe last filled the link, or a higher layer did */
    double good_s, trial_s, hold_s, fell_at, fell_kbps;
    /* The packets before the burst, how many of it were asked for, and when it began. */
    uint32_t burst_after;
    int missing;
    double burst_at;
    bool is_in_burst;     /* until a report leaves behind it */
    bool has_set_aside;   /* what was lost before it */
    double burst_queue_s; /* the queue in front of it */
    bool has_burst;       /* one that is over, until it is judged */
    struct burst burst;
};

void link_estimate_init(struct link_estimate *link, double now, bool controlled);
void link_estimate_clear(struct link_estimate *link);
/* Count the delays of this link among those of others. */
void link_estimate_share(struct link_estimate *link, struct shared_delay *delay);

/* Record a round trip by a sender report that was sent then; by each once. */
void link_estimate_measured(struct link_estimate *link, double round_trip_s, double sent_at);
/* Record another answer to the last sender report. If that took less, the first one waited with the
 * viewer, and not on the way there. */
void link_estimate_measured_again(struct link_estimate *link, double round_trip_s);
/* Record that a sender report leaves behind a burst, to measure the queue that it made. */
void link_estimate_measuring(struct link_estimate *link, double now);
/* Forget the round trips of another route. */
void link_estimate_forget_route(struct link_estimate *link);
/* Record that a probe fills the link: its queue is none of the stream's. */
void link_estimate_probed(struct link_estimate *link, double now);
/* Record that a lower layer follows: what is reported soon is of the one before. */
void link_estimate_stepped_down(struct link_estimate *link, double now);
/* Record that a probe has shown that the link carries this much, or that it is tried. */
void link_estimate_carried(struct link_estimate *link, double kbps);
/* Return whether a receiver report would tell something new. */
bool link_estimate_wants_report(const struct link_estimate *link, double now);
/* Record a receiver report: extended highest number, cumulative number lost, and the octets that
 * were sent until now. `stream_kbps` is what the viewer would get of a wide link. */
void link_estimate_reported(struct link_estimate *link, uint32_t highest, int32_t total_lost,
                            uint32_t octets, double stream_kbps, double now);
/* Record that a burst begins, after so many packets that were sent before. */
void link_estimate_begin_burst(struct link_estimate *link, uint32_t packets, double now);
/* Record that the viewer lacks so many more of the packets since its burst began. `packets` is how
 * many were sent until now, and `kbps` how fast the burst left. Returns true if its link can't
 * carry that. */
bool link_estimate_missed(struct link_estimate *link, int missing, uint32_t packets, double kbps,
                          double now);
/* Record that repairs of a burst that left at `kbps` went beyond the share for them. */
void link_estimate_beyond(struct link_estimate *link, double kbps, double now);

/* Return how fast the viewer may be sent a stream of this rate. */
double link_estimate_pace_kbps(const struct link_estimate *link, double stream_kbps, bool gently);
/* Return what a narrow link carries on and on: it may take a keyframe at once beyond that. */
double link_estimate_lasting_kbps(const struct link_estimate *link);
/* Decide on a retransmission: each packet at most once in a round trip, and all of them within a
 * share of the link, or of the stream's rate while the link is wide: there none is BEYOND, which
 * calls for a keyframe. `alone`: nothing else of the picture is sent. */
enum repair link_estimate_repair(struct link_estimate *link, uint16_t number, uint32_t octets,
                                 double stream_kbps, double now, bool alone);

#endif
