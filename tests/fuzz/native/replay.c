/* Runs a harness without libFuzzer: on files, and on what becomes of them by small changes, each
 * time the same. `replay CHANGES FILE...`: so many of each file; compiled with a harness. */
#include "harness.h"

enum { INPUT_MOST = 2048 };

static unsigned long drawn = 1;

static size_t draw(size_t below)
{
    drawn = drawn * 6364136223846793005UL + 1442695040888963407UL;
    return (size_t)(drawn >> 33) % below;
}

static size_t change(uint8_t *data, size_t size)
{
    for (size_t left = 1 + draw(4); left; left--) {
        size_t at = draw(size);
        switch (draw(5)) {
        case 0: /* cut off */
            size = at + 1;
            break;
        case 1: /* said twice */
            if (2 * size - at <= INPUT_MOST) {
                memcpy(data + size, data + at, size - at);
                size += size - at;
            }
            break;
        case 2:
            data[at] = (uint8_t)(draw(2) ? 0xFF : 0);
            break;
        default:
            data[at] ^= (uint8_t)(1u << draw(8));
            break;
        }
    }
    return size;
}

/* The input in memory of exactly its size. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    CHECK(exact);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int count, char **arguments)
{
    long changes = count > 1 ? atol(arguments[1]) : 0;
    for (int number = 2; number < count; number++) {
        uint8_t data[INPUT_MOST], changed[INPUT_MOST];
        FILE *file = fopen(arguments[number], "rb");
        CHECK(file);
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        run(data, size);
        for (long left = size ? changes : 0; left; left--) {
            memcpy(changed, data, size);
            run(changed, change(changed, size));
        }
    }
    return 0;
}
