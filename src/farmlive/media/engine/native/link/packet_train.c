/* Packet trains.
 *
 * Always holds: `left` is above 0 only while a train leaves. */
#include "link/packet_train.h"

#include <math.h>

/* The octets of a train, which a link of twice the usual stream's rate takes into its queue, and
 * the time between two of them. */
static const double OCTETS = 32000.0, EVERY_S = 2.0;
/* A link that is done with a train within this time carries at least this much, twice over. */
static const double CARRIED_S = 0.020, CARRIED_KBPS = 6400.0;
/* The report behind a train is known by when it was sent, to this precision. */
static const double SAME_S = 0.001;

void packet_train_init(struct packet_train *train, double now)
{
    *train = (struct packet_train){.due_at = now};
}

double packet_train_room(struct packet_train *train, double now)
{
    if (train->left <= 0 && now >= train->due_at && !train->is_carried) {
        train->left = OCTETS;
        train->due_at = now + EVERY_S;
    }
    return train->left;
}

bool packet_train_spent(struct packet_train *train, uint32_t octets)
{
    if (train->left <= 0)
        return false;
    train->left -= octets;
    train->ended = train->left <= 0;
    return train->ended;
}

void packet_train_report_left(struct packet_train *train, double now)
{
    if (train->ended) {
        train->ended = false;
        train->sent_at = now;
    }
}

void packet_train_measured(struct packet_train *train, double queue_s, double sent_at)
{
    if (fabs(sent_at - train->sent_at) <= SAME_S) {
        train->is_carried = queue_s <= CARRIED_S;
        /* Another answer to it may take less. */
        if (train->is_carried)
            train->sent_at = 0;
        if (!train->is_again) {
            /* The viewer may have stood still: once that is tried again at once. */
            train->is_again = true;
            train->due_at = 0;
        }
    }
}

double packet_train_pace_kbps(const struct packet_train *train, double kbps)
{
    return train->is_carried ? fmax(kbps, CARRIED_KBPS) : kbps;
}
