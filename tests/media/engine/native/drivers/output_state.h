/* The publishers and outputs of the script, by their numbers, and where they are. */
#ifndef OUTPUT_STATE_H
#define OUTPUT_STATE_H

#include "output/output.h"

enum { MOST = 64 };

extern struct publisher *publishers[MOST];
extern struct output *outputs[MOST];

/* Print all of it. */
void print_state(void);

#endif
