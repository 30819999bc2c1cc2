/* When a stream's next frame or sound comes, by when the last ones came. Pure arithmetic, as
 * `farmlive.media.rhythm` does it. */
#ifndef FARMLIVE_RHYTHM_H
#define FARMLIVE_RHYTHM_H

#include <stdbool.h>

/* The mean distance of a stream's beats, each of which is whole after `lasts_s`. */
struct rhythm {
    double lasts_s;
    bool has_next;
    double next; /* when the next beat is expected, where that is known */
    double last;
    double every; /* 0: not known */
};

void rhythm_init(struct rhythm *rhythm, double lasts_s);

/* A frame or a packet of sound came. */
void rhythm_beat(struct rhythm *rhythm, double when);

/* For how long a source needs no reading, in seconds: until what comes next is whole, and with it
 * what comes within `together_s` after. 0 where it is one packet, or not known, or late. */
double rhythm_rest(const struct rhythm *const rhythms[], int count, double now, double together_s);

#endif
