/* Rounds to decimal places exactly as Python's `round` does. */
#ifndef FARMLIVE_DECIMAL_H
#define FARMLIVE_DECIMAL_H

#include <stdio.h>
#include <stdlib.h>

/* Return the double nearest to the value's own decimal digits, rounded to `places`. */
static inline double decimal_round(double value, int places)
{
    char digits[400];
    snprintf(digits, sizeof digits, "%.*f", places, value);
    return strtod(digits, NULL);
}

#endif
