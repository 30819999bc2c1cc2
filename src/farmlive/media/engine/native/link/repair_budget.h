/* What of one viewer's link is for repairs, and which packets were repaired lately. Pure decisions
 * from numbers and times, as `farmlive.media.engine.python.link.repair_budget`. `link_estimate`
 * finds what the link carries. */
#ifndef FARMLIVE_REPAIR_BUDGET_H
#define FARMLIVE_REPAIR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* What becomes of a retransmission. */
enum repair { REPAIR_SEND, REPAIR_SKIP, REPAIR_BEYOND, REPAIR_REFUSE };

/* A packet that was repaired: its number, -1 for none, and when. */
struct repaired {
    int number;
    double at;
};

struct repair_budget {
    double octets, at;
    struct repaired *sent; /* those of last, by number; NULL before the first one */
};

void repair_budget_init(struct repair_budget *budget, double now);
void repair_budget_clear(struct repair_budget *budget);

/* Return what a link counts as for repairs of this stream while nothing shows a limit. */
double repair_budget_kbps(double stream_kbps);
/* Return whether the viewer asks for a packet that was not sent again before. */
bool repair_budget_is_new(const struct repair_budget *budget, uint16_t number);
/* Return whether the packet was sent again within the last round trip; negative: unknown. */
bool repair_budget_was_sent(const struct repair_budget *budget, uint16_t number,
                            double round_trip_s, double now);
/* Take these octets from the share of a link that carries `kbps`; false if they are beyond it.
 * `alone`: nothing else of the picture is sent. */
bool repair_budget_take(struct repair_budget *budget, uint32_t octets, double kbps, double now,
                        bool alone);
/* Take these octets from what a stream of `kbps` on a wide link has for repairs; false if they are
 * beyond it. */
bool repair_budget_take_wide(struct repair_budget *budget, uint32_t octets, double kbps,
                             double now);
/* Record that the packet is sent again. */
void repair_budget_remember(struct repair_budget *budget, uint16_t number, double now);

#endif
