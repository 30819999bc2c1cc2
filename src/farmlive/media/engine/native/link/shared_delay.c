/* Delays that viewers share.
 *
 * Always holds: no more reports were of a long delay than there were. */
#include "link/shared_delay.h"

/* How long a viewer's delay is remembered: this long, or up to twice. Each viewer counts once in
 * it. */
static const double SPAN_S = 1.0;
/* The delay is shared if at least MANY viewers in one span, and at least one in ONE_OF of those
 * that reported, have seen a long one. */
enum { MANY = 8, ONE_OF = 3 };

unsigned shared_delay_record(struct shared_delay *delay, bool is_long, double now, unsigned counted)
{
    double passed_s = now - delay->began_at;
    if (!(0 <= passed_s && passed_s < SPAN_S)) {
        bool follows = 0 <= passed_s && passed_s < 2 * SPAN_S;
        delay->reports_before = follows ? delay->reports : 0;
        delay->was_long_before = follows ? delay->was_long : 0;
        delay->reports = delay->was_long = 0;
        delay->began_at = now;
        delay->span++;
    }
    if (counted != delay->span + 1) {
        delay->reports++;
        delay->was_long += is_long;
    }
    return delay->span + 1;
}

bool shared_delay_is_shared(const struct shared_delay *delay)
{
    int was_long = delay->was_long + delay->was_long_before;
    int most = delay->was_long > delay->was_long_before ? delay->was_long : delay->was_long_before;
    return most >= MANY && ONE_OF * was_long >= delay->reports + delay->reports_before;
}
