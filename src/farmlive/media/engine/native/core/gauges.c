/* Counts on request; no count is maintained in between. */
#include "core/gauges.h"

void gauges_take(const struct core *core, struct gauges *gauges)
{
    *gauges = (struct gauges){.peers = core->peers.count, .ufrags = core->ice.names.count};
    for (struct peer *each = NULL; (each = peer_table_next(&core->peers, each)) != NULL;) {
        gauges->publishers += each->publisher != NULL;
        gauges->viewers += each->viewer != NULL;
        gauges->secured += each->leg != NULL;
    }
    list_each(link, &core->outputs)
        gauges->outputs++;
}
