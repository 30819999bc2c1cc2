/* Counts on request; nothing is kept up to date meanwhile. */
#include "core/gauges.h"

void census_take(const struct core *core, struct census *census)
{
    *census = (struct census){.peers = core->peers.count, .ufrags = core->ice.count};
    for (struct peer *each = NULL; (each = peers_next(&core->peers, each)) != NULL;) {
        census->publishers += each->publisher != NULL;
        census->viewers += each->viewer != NULL;
        census->secured += each->leg != NULL;
    }
    list_each(link, &core->outputs)
        census->outputs++;
}
