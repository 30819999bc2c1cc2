/* Estimates of links: whatever is reported, sent and requested, an estimate keeps within its
 * bounds, and nothing is computed that is no number. */
#include "harness.h"
#include "link/link_estimate.h"

#include <math.h>

static void check(const struct link_estimate *link)
{
    CHECK(link->state == LINK_UNKNOWN || link->state == LINK_WIDE || link->state == LINK_NARROW);
    CHECK(isfinite(link->kbps) && link->kbps >= 0);
    CHECK(link->state != LINK_NARROW || link->kbps >= 60);
    CHECK(link->controlled || link->state == LINK_WIDE);
    CHECK(isfinite(link->steady_kbps) && link->steady_kbps >= 0);
    CHECK(isfinite(link_estimate_lasting_kbps(link)));
    CHECK(isfinite(link->burst_queue_s) && link->burst_queue_s >= 0);
}

/* What happens on a viewer's link; rates in kbit/s, times in steps of 10 ms. */
static void happen(struct link_estimate *link, struct input *input, double now)
{
    double kbps = (double)take(input, 2);
    switch (take(input, 1) % 11) {
    case 0: {
        double rtt_s = (double)(int16_t)take(input, 2) / 1000;
        link_estimate_measured(link, rtt_s, now - (double)take(input, 1) / 50);
        link_estimate_measured_again(link, (double)(int16_t)take(input, 2) / 1000);
        break;
    }
    case 1: {
        uint32_t highest = (uint32_t)take(input, 4), octets = (uint32_t)take(input, 4);
        link_estimate_reported(link, highest, (int32_t)(uint32_t)take(input, 4), octets, kbps, now);
        break;
    }
    case 2: {
        int missing = (int)take(input, 2);
        uint32_t sent = (uint32_t)take(input, 4);
        /* Only of a link that is not known yet. */
        if (link->state == LINK_UNKNOWN && take(input, 1) & 1)
            link_estimate_missed(link, missing, sent, kbps, now);
        else if (link->controlled)
            link_estimate_beyond(link, kbps, now);
        break;
    }
    case 3: {
        double pace = link_estimate_pace_kbps(link, kbps, take(input, 1) & 1);
        CHECK(isfinite(pace) && pace > 0);
        double room = pace_may_send(&link->pace, pace, now, take(input, 1) & 1);
        CHECK(!isnan(room));
        if (room > 0)
            pace_spent(&link->pace, (uint32_t)take(input, 2));
        break;
    }
    case 4: {
        uint16_t number = (uint16_t)take(input, 2);
        enum repair repair = link_estimate_repair(link, number, (uint32_t)take(input, 2) % 1500,
                                                  kbps, now, take(input, 1) & 1);
        repair_budget_is_new(&link->repairs, number);
        CHECK(repair == REPAIR_SEND || repair == REPAIR_SKIP || repair == REPAIR_BEYOND ||
              (repair == REPAIR_REFUSE && link->state == LINK_WIDE));
        CHECK(link->controlled || repair == REPAIR_SEND);
        break;
    }
    case 5: {
        double queue_s = queue_meter_checked(&link->queue, (double)(int16_t)take(input, 2) / 1000);
        CHECK(isfinite(queue_s) && queue_s >= 0);
        break;
    }
    case 6:
        link_estimate_begin_burst(link, (uint32_t)take(input, 4), now);
        break;
    case 7:
        link_estimate_measuring(link, now);
        break;
    case 8:
        link_estimate_probed(link, now);
        if (take(input, 1) & 1)
            link_estimate_stepped_down(link, now);
        break;
    case 9:
        if (link->controlled)
            link_estimate_carried(link, kbps);
        if (take(input, 1) & 1)
            link_estimate_forget_route(link);
        break;
    default: {
        uint32_t octets = (uint32_t)take(input, 3);
        enum join join = pace_join_plan(octets, kbps, take(input, 1) & 1, (double)take(input, 1));
        CHECK(join == JOIN_GROUP || join == JOIN_GENTLY || join == JOIN_WAIT);
        link_estimate_wants_report(link, now);
    }
    }
    check(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    double now = (double)take(&input, 2) / 100;
    struct link_estimate link;
    link_estimate_init(&link, now, take(&input, 1) & 7);
    check(&link);
    while (input.size) {
        /* The clock may go back a little. */
        now += (double)(int8_t)take(&input, 1) / 100 + 0.5;
        happen(&link, &input, now);
    }
    link_estimate_clear(&link);
    return 0;
}
