/* Decimal places, as people are told numbers: what Python's `round` makes of the same double. */
#ifndef FARMLIVE_DECIMAL_H
#define FARMLIVE_DECIMAL_H

#include <stdio.h>
#include <stdlib.h>

/* The double that is nearest to the value's own decimal digits, cut to so many places. */
static inline double decimal_round(double value, int places)
{
    char digits[400];
    snprintf(digits, sizeof digits, "%.*f", places, value);
    return strtod(digits, NULL);
}

#endif
