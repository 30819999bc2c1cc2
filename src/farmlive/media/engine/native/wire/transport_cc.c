/* Transport-cc feedback: records arrivals and writes them.
 *
 * Always holds: `next` is at most one beyond `highest`. A slot of the ring has an arrival since the
 * last feedback if its number is at least `next`, and then the number is within the ring's size of
 * `highest` or has been skipped. */
#include "wire/transport_cc.h"

#include <math.h>

static const double TICK_S = 0.00025;
static const double REFERENCE_S = 0.064;

/* The most sequence numbers and arrivals that a feedback packet covers: it must fit into a
 * datagram. */
enum { MOST = 1000, MOST_ARRIVALS = 400 };

/* The most bytes of a feedback packet: its head, a status chunk for seven numbers each, the deltas
 * and the padding of the last word. */
enum { FEEDBACK_MOST = 20 + 2 * (MOST / 7 + 1) + 2 * MOST_ARRIVALS + 3 };

enum symbol { LOST, SMALL, LARGE };

void arrivals_init(struct arrivals *arrivals)
{
    memset(arrivals, 0, sizeof *arrivals);
    arrivals->highest = arrivals->next = -1;
    for (int i = 0; i < ARRIVALS_SIZE; i++)
        arrivals->numbers[i] = -1;
}

void arrivals_add(struct arrivals *arrivals, uint16_t sequence, double arrival)
{
    int64_t number;
    if (arrivals->highest < 0) {
        number = sequence + 0x10000;
        arrivals->next = number;
    } else {
        number = arrivals->highest + ahead16(sequence, (uint16_t)arrivals->highest);
    }
    if (number < arrivals->next - ARRIVALS_SIZE) {
        /* So far behind is not reordering but a restarted count, if a second packet agrees. */
        bool agrees = arrivals->has_unlike && sequence == arrivals->unlike;
        arrivals->unlike = (uint16_t)(sequence + 1);
        arrivals->has_unlike = true;
        if (!agrees)
            return;
        unsigned count = arrivals->count;
        arrivals_init(arrivals);
        arrivals->count = count;
        arrivals->next = number = sequence + 0x10000;
    }
    if (number > arrivals->highest)
        arrivals->highest = number;
    if (number < arrivals->next)
        return;
    arrivals->any = true;
    size_t at = (size_t)(number % ARRIVALS_SIZE);
    if (number <= arrivals->highest - ARRIVALS_SIZE) {
        arrivals->older = true;
    } else if (arrivals->numbers[at] != number) {
        if (arrivals->numbers[at] >= arrivals->next)
            arrivals->older = true;
        arrivals->numbers[at] = number;
        arrivals->times[at] = arrival;
    }
}

/* Return whether this number came since the last feedback, and is recent enough to be known. */
static bool came(const struct arrivals *arrivals, int64_t number)
{
    return arrivals->numbers[number % ARRIVALS_SIZE] == number;
}

/* Return the number that the feedback begins with. */
static int64_t begin(const struct arrivals *arrivals)
{
    int64_t base = arrivals->highest - MOST;
    if (base < arrivals->next)
        base = arrivals->next;
    /* If more arrivals than fit, including those before the base, only the last ones. */
    bool more = arrivals->older;
    for (int i = 0; i < ARRIVALS_SIZE && !more; i++)
        more = arrivals->numbers[i] >= arrivals->next && arrivals->numbers[i] < base;
    int count = 0;
    int64_t last_fitting = base;
    for (int64_t number = arrivals->highest; number >= base; number--) {
        if (!came(arrivals, number))
            continue;
        if (++count == MOST_ARRIVALS)
            last_fitting = number;
    }
    if (count > MOST_ARRIVALS || (count == MOST_ARRIVALS && more))
        return last_fitting;
    return base;
}

/* Write the status chunks: a run of 7 or more equal symbols, else a vector of seven. Returns where
 * they end. */
static uint8_t *write_chunks(uint8_t *out, const uint8_t *symbols, int count)
{
    int at = 0;
    while (at < count) {
        int run = 1;
        while (at + run < count && symbols[at + run] == symbols[at])
            run++;
        if (run >= 7 || at + run == count) {
            put16(out, (uint16_t)(symbols[at] << 13 | run));
            at += run;
        } else {
            uint16_t chunk = 0xC000;
            for (int i = 0; i < 7 && at + i < count; i++)
                chunk = (uint16_t)(chunk | symbols[at + i] << (12 - 2 * i));
            put16(out, chunk);
            at += 7;
        }
        out += 2;
    }
    return out;
}

void arrivals_feedback(struct arrivals *arrivals, struct rtcp_buffer *out, uint32_t own_ssrc,
                       uint32_t media_ssrc)
{
    if (!arrivals->any || sizeof out->data - out->size < FEEDBACK_MOST)
        return;
    int64_t base = begin(arrivals), first = base;
    while (!came(arrivals, first))
        first++;
    int64_t reference = (int64_t)(arrivals->times[first % ARRIVALS_SIZE] / REFERENCE_S);
    /* Compute each delta from the sum of the written ones, so that rounding errors don't
     * accumulate. */
    int64_t ticks = (int64_t)nearbyint((double)reference * REFERENCE_S / TICK_S);
    uint8_t symbols[MOST + 1], deltas[2 * MOST_ARRIVALS];
    size_t deltas_size = 0;
    int count = 0;
    for (int64_t number = base; number <= arrivals->highest; number++) {
        if (!came(arrivals, number)) {
            symbols[count++] = LOST;
            continue;
        }
        int64_t now = (int64_t)nearbyint(arrivals->times[number % ARRIVALS_SIZE] / TICK_S);
        int64_t delta = now - ticks;
        if (delta >= 0 && delta <= 255) {
            symbols[count++] = SMALL;
            deltas[deltas_size++] = (uint8_t)delta;
        } else {
            delta = delta < -32768 ? -32768 : delta > 32767 ? 32767 : delta;
            symbols[count++] = LARGE;
            put16(deltas + deltas_size, (uint16_t)delta);
            deltas_size += 2;
        }
        ticks += delta;
    }
    uint8_t *start = out->data + out->size;
    put32(start + 4, own_ssrc);
    put32(start + 8, media_ssrc);
    put16(start + 12, (uint16_t)base);
    put16(start + 14, (uint16_t)count);
    put24(start + 16, (uint32_t)reference & 0xFFFFFF);
    start[19] = (uint8_t)arrivals->count;
    uint8_t *end = write_chunks(start + 20, symbols, count);
    memcpy(end, deltas, deltas_size);
    end += deltas_size;
    uint8_t padding = (uint8_t)(-(end - start) & 3);
    if (padding) {
        memset(end, 0, padding);
        end += padding;
        end[-1] = padding;
    }
    start[0] = (uint8_t)(0x80 | RTPFB_TRANSPORT_CC | (padding ? 0x20 : 0));
    start[1] = RTCP_RTPFB;
    put16(start + 2, (uint16_t)((end - start) / 4 - 1));
    out->size += (size_t)(end - start);
    arrivals->any = arrivals->older = false;
    arrivals->next = arrivals->highest + 1;
    arrivals->count = (arrivals->count + 1) & 0xFF;
}
