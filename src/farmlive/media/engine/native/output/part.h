/* Takes from the ring the next part of what one viewer gets of its track. `catch_up` decides how
 * much may leave, and what happens after it. As `farmlive.media.engine.python.output.part`. */
#ifndef FARMLIVE_PART_H
#define FARMLIVE_PART_H

#include "output/viewer.h"

/* Packets of a part at most. */
enum { PART_MOST = 24 };

struct part {
    struct packet *packets[PART_MOST];
    int count;
    uint32_t octets;
    bool gives_up; /* the link does not carry more of this group in time */
    bool is_shown; /* the keyframe of a viewer of keyframes alone is complete */
    bool is_over;  /* it gets nothing more of this group */
    bool has_left; /* what tries the link is complete */
};

/* Take the next part of at most `room` octets, from the viewer's cursor on. A paced viewer gives up
 * where it is late. */
struct part part_take(struct viewer *viewer, double room, bool paced);

#endif
