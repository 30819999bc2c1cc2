/* The queue of a viewer's link.
 *
 * Always holds: `queue_s` is not negative. */
#include "link/queue_meter.h"

#include <math.h>

/* Times of one report that are closer than this are the same. */
static const double CLOSE_S = 0.005;
/* So many checks in a window say more about the queue than one report does: the shortest queue that
 * they saw is the one that stands. */
enum { CHECKS = 3 };
static const double HIGHEST_RTT_S = 5.0;

void queue_meter_init(struct queue_meter *meter)
{
    *meter = (struct queue_meter){.round_trip_s = -1};
}

bool queue_meter_has_checks(const struct queue_meter *meter) { return meter->checks >= CHECKS; }

double queue_meter_queue_of(const struct queue_meter *meter, double round_trip_s)
{
    return round_trip_s - (meter->round_trip_s < 0 ? 0 : meter->least_s);
}

bool queue_meter_measured(struct queue_meter *meter, double round_trip_s, double sent_at)
{
    if (!(0 <= round_trip_s && round_trip_s <= HIGHEST_RTT_S))
        return false;
    if (meter->round_trip_s < 0 || round_trip_s < meter->least_s)
        meter->least_s = round_trip_s;
    else
        /* Slowly forget: the route may have changed. */
        meter->least_s += (round_trip_s - meter->least_s) / 64;
    meter->round_trip_s = round_trip_s;
    meter->queue_s = round_trip_s - meter->least_s;
    meter->is_fresh = true;
    meter->sent_at = sent_at;
    if (0 < meter->measured_at && meter->measured_at <= sent_at + CLOSE_S) {
        meter->is_whole = true;
        meter->measured_at = 0;
        meter->unanswered = 0;
    }
    return true;
}

bool queue_meter_measured_again(struct queue_meter *meter, double round_trip_s)
{
    if (meter->round_trip_s < 0 ||
        !(0 <= round_trip_s && round_trip_s < meter->least_s + meter->queue_s))
        return false;
    meter->least_s = fmin(meter->least_s, round_trip_s);
    meter->queue_s = round_trip_s - meter->least_s;
    return true;
}

void queue_meter_measuring(struct queue_meter *meter, double now)
{
    meter->unanswered += meter->measured_at > 0;
    meter->measured_at = now;
}

double queue_meter_left_s(const struct queue_meter *meter, double now)
{
    return fmax(0.0, meter->queue_s - (now - meter->sent_at));
}

double queue_meter_checked(struct queue_meter *meter, double round_trip_s)
{
    if (meter->round_trip_s < 0 || round_trip_s < meter->least_s)
        meter->least_s = round_trip_s;
    meter->round_trip_s = round_trip_s;
    double queue_s = round_trip_s - meter->least_s;
    meter->standing_s = meter->checks > 0 ? fmin(meter->standing_s, queue_s) : queue_s;
    meter->checks++;
    return queue_s;
}

void queue_meter_take_checks(struct queue_meter *meter, double since)
{
    if (!queue_meter_has_checks(meter))
        return;
    meter->queue_s = meter->standing_s;
    meter->is_fresh = meter->is_whole = true;
    meter->sent_at = since;
}

void queue_meter_forget(struct queue_meter *meter) { meter->is_fresh = meter->is_whole = false; }

void queue_meter_open_window(struct queue_meter *meter)
{
    meter->measured_at = 0;
    meter->unanswered = meter->checks = 0;
    queue_meter_forget(meter);
}

void queue_meter_forget_route(struct queue_meter *meter)
{
    meter->round_trip_s = -1;
    meter->least_s = meter->queue_s = meter->standing_s = 0;
    queue_meter_open_window(meter);
}
