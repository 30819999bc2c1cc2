/* Feedback on any arrivals can be read, and tells of each what was noted; the input says what comes
 * when. */
#include "harness.h"
#include "wire/transport_cc.h"

enum { NUMBERS = 0x10000, STEPS_MOST = 16 };

/* What was noted since the last feedback: the number, counted on beyond 16 bits, at its low bits,
 * and when it came first. Numbers before `open` have had their feedback. */
static int64_t came[NUMBERS], highest, open;
static double came_at[NUMBERS];
static unsigned feedbacks;
/* Something came that is far behind, and which number would agree with it: a count begins anew. */
static bool has_unlike;
static uint16_t unlike;

static const double TICK_S = 0.00025;

static void ignore(void *context, const struct rtcp_report *report)
{
    (void)context;
    (void)report;
    CHECK(false && "a report that nobody wrote");
}

/* Read the status of each packet into `symbols`; returns where the chunks end. */
static size_t read_chunks(const uint8_t *data, size_t size, uint8_t *symbols, int count)
{
    size_t at = 20;
    for (int got = 0; got < count; at += 2) {
        CHECK(at + 2 <= size);
        uint16_t chunk = get16(data + at);
        CHECK(!(chunk & 0x8000) || chunk & 0x4000);
        int run = chunk & 0x8000 ? 7 : chunk & 0x1FFF;
        CHECK(chunk & 0x8000 || (run && got + run <= count));
        for (int i = 0; i < run && got < count; i++)
            symbols[got++] = chunk & 0x8000 ? chunk >> (12 - 2 * i) & 3 : chunk >> 13 & 3;
    }
    return at;
}

/* The time that is told is the one that was noted, modulo what the reference time counts up to. */
static void check_time(double told, double noted)
{
    const double round_s = 0.064 * (1 << 24);
    while (noted - told > round_s / 2)
        told += round_s;
    CHECK(noted - told < TICK_S && told - noted < TICK_S);
}

static void read_feedback(const uint8_t *data, size_t size)
{
    static uint8_t symbols[NUMBERS];
    CHECK(size >= 20 && size <= 1200 && size == 4 + 4 * (size_t)get16(data + 2));
    CHECK(rtcp_parse(data, size, ignore, NULL));
    CHECK(data[19] == (uint8_t)feedbacks);
    int count = get16(data + 14);
    int64_t number = highest - count;
    CHECK(get16(data + 12) == (uint16_t)(number + 1));
    size_t at = read_chunks(data, size, symbols, count);
    double time = get24(data + 16) * 0.064;
    bool exact = true;
    for (int i = 0; i < count; i++) {
        size_t slot = (size_t)(++number % NUMBERS);
        CHECK(number >= open && symbols[i] <= 2);
        if (!symbols[i])
            continue;
        CHECK(at + symbols[i] <= size);
        int delta = symbols[i] == 1 ? data[at] : (int16_t)get16(data + at);
        at += symbols[i];
        time += delta * TICK_S;
        CHECK(came[slot] == number);
        /* Behind a pause that is too long to be told, times are late for a while. */
        exact = exact && delta > -32768 && delta < 32767;
        if (exact)
            check_time(time, came_at[slot]);
    }
    CHECK(size - at < 4 && (size == at || (data[0] & 0x20 && data[size - 1] == size - at)));
}

static void note(uint16_t sequence, double time)
{
    int64_t number = sequence + NUMBERS;
    if (highest < 0)
        open = number;
    else
        number = highest + ahead16(sequence, (uint16_t)highest);
    if (number < open - ARRIVALS_SIZE) {
        bool agrees = has_unlike && sequence == unlike;
        has_unlike = !agrees;
        unlike = (uint16_t)(sequence + 1);
        if (!agrees)
            return;
        memset(came, 0, sizeof came);
        highest = -1;
        open = number = sequence + NUMBERS;
    }
    if (number > highest)
        highest = number;
    size_t slot = (size_t)(number % NUMBERS);
    if (number >= open && came[slot] != number) {
        came[slot] = number;
        came_at[slot] = time;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arrivals arrivals;
    static struct rtcp_buffer out;
    struct input input = {data, size};
    uint16_t number = (uint16_t)take(&input, 2);
    double time = (double)take(&input, 3);
    memset(came, 0, sizeof came);
    arrivals_init(&arrivals);
    feedbacks = 0;
    highest = open = -1;
    has_unlike = false;
    for (int i = 0; i < STEPS_MOST && input.size; i++) {
        uint8_t what = (uint8_t)take(&input, 1);
        int many = what & 0x40 ? (int)take(&input, 1) : 1;
        int step = what & 0x20 ? (int16_t)take(&input, 2) : what & 3;
        double pause = (int8_t)take(&input, 1) * (what & 0x10 ? 0.1 : TICK_S);
        for (int j = 0; j < many; j++) {
            number = (uint16_t)(number + step);
            time = time + pause < 0 ? 0 : time + pause;
            note(number, time);
            arrivals_add(&arrivals, number, time);
        }
        if (what & 0x80) {
            out.size = 0;
            arrivals_feedback(&arrivals, &out, 1, 2);
            CHECK((out.size > 0) == (highest >= open && highest >= 0));
            if (!out.size)
                continue;
            read_feedback(out.data, out.size);
            open = highest + 1;
            feedbacks++;
        }
    }
    return 0;
}
