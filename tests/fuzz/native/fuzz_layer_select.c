/* Layers: whatever comes and is reported, a viewer gets one of the layers, and one that comes where
 * any does. */
#include "harness.h"
#include "link/layer_select.h"

#include <math.h>

/* What a viewer's link tells, in steps of 50 ms and whole kbit/s. */
static void tell(struct choice *choice, struct input *input, int current, double now)
{
    switch (take(input, 1) % 7) {
    case 0:
        choice_estimated(choice, (double)take(input, 2), now);
        break;
    case 1:
        choice_stalled(choice, current, now);
        break;
    case 2:
        choice_begin_stream(choice);
        break;
    case 3:
        choice->most = (int)(take(input, 1) % (LAYERS_MOST + 2)) - 1;
        break;
    case 4:
        choice_checked(choice, (double)take(input, 1) / 200, now);
        break;
    default:
        choice_reported(choice, (uint32_t)take(input, 4), (int32_t)(uint32_t)take(input, 4), now);
    }
    CHECK(choice->loss >= 0 && choice->loss <= 1);
    CHECK(choice_recent_loss(choice, now) <= choice->loss);
    CHECK(choice_carries_kbps(choice, now) >= 0 || choice_carries_kbps(choice, now) == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    int count = (int)(take(&input, 1) % (LAYERS_MOST + 1)), current = 0;
    double now = (double)take(&input, 2) / 20;
    long packets[LAYERS_MOST] = {0}, frames[LAYERS_MOST] = {0};
    double kbps[LAYERS_MOST] = {0};
    struct flow flow;
    struct choice choice;
    flow_init(&flow, count);
    choice_init(&choice, now, take(&input, 1));
    while (input.size) {
        now += (double)take(&input, 1) / 20;
        uint64_t moved = take(&input, 1);
        for (int layer = 0; layer < count; layer++) {
            packets[layer] += (long)(moved >> layer & 1);
            frames[layer] += (long)(moved >> (layer + 4) & 1);
            kbps[layer] = (double)take(&input, 2);
        }
        flow_look(&flow, packets, frames, now);
        tell(&choice, &input, current, now);
        bool can_probe = take(&input, 1) & 1;
        bool is_settled = take(&input, 1) & 1;
        int layer =
            choice_decide(&choice, flow.flowing, kbps, count, current, now, can_probe, is_settled);
        double owed = link_probe_owed(&choice.watch, 1000, now);
        CHECK(owed >= 0 && owed <= 20000 && (owed == 0 || choice.watch.is_on));
        link_probe_spent(&choice.watch, (long)owed);
        double carried =
            link_probe_carried_kbps(&choice.watch, current < count ? kbps[current] : 0);
        CHECK(isfinite(carried) && carried >= 0);
        CHECK(choice.limit >= 0 && (choice.limit < count || choice.limit == 0));
        if (link_probe_wants_check(&choice.watch, now))
            link_probe_asked(&choice.watch, now);
        CHECK(layer >= 0 && (layer < count || layer == 0));
        CHECK(count < 2 || flow.flowing[layer] || !flow.flowing[flow_highest(&flow)]);
        CHECK(choice.probe >= -1 && choice.probe < LAYERS_MOST);
        current = layer;
    }
    return 0;
}
