/* Rung selection: `quality_ladder` decides, and `catch_up` sends accordingly.
 *
 * Always holds: a viewer on a forwarder gets every frame. */
#include "output/rung_select.h"

/* Give the viewer less at once if it is to get less; more begins with the next group. */
static void apply(struct catch_up *catch_up, struct viewer *viewer)
{
    enum rung rung = quality_ladder_rung(&viewer->ladder);
    if (rung <= viewer->rung)
        return;
    viewer->rung = rung;
    if (rung == RUNG_SOUND || (rung == RUNG_KEYFRAMES && viewer->forwarder != NULL)) {
        sending_send(catch_up->sending, true);
        catch_up_give_up(catch_up, viewer);
    }
}

void rung_select_limit(struct catch_up *catch_up, struct viewer *viewer, enum rung most)
{
    if (viewer->viewing.exempt)
        return;
    viewer->ladder.most = most;
    apply(catch_up, viewer);
}
