/* Parameter sets of H264: as they are, alone in a payload, in fragments, and among other units. */
#include "harness.h"
#include "wire/h264.h"

static bool is_same(const struct h264_sps *a, const struct h264_sps *b)
{
    return a->profile == b->profile && a->constraints == b->constraints && a->level == b->level &&
           a->width == b->width && a->height == b->height && a->reorder == b->reorder;
}

static void check(const struct h264_sps *sps)
{
    CHECK(sps->width > 0 && sps->width <= 16880 && sps->height > 0 && sps->height <= 16880);
    CHECK(sps->profile >= 0 && sps->profile < 256 && sps->level >= 0 && sps->level < 256);
    CHECK(sps->constraints >= 0 && sps->constraints < 256 && sps->reorder >= -1);
}

/* However a unit is packed, the same is read. Memory is of exactly the size. */
static void pack(const uint8_t *unit, size_t size)
{
    struct h264_sps sps, packed;
    bool is_set = h264_parse_sps(unit, size, &sps);
    if (is_set)
        check(&sps);
    uint8_t *payload = malloc(size + 3);
    CHECK(payload);
    payload[0] = 24;
    put16(payload + 1, (uint16_t)size);
    memcpy(payload + 3, unit, size);
    CHECK(h264_find_sps(payload, size + 3, &packed) == is_set);
    CHECK(!is_set || (is_same(&sps, &packed) && h264_begins_keyframe(payload, size + 3)));
    free(payload);

    payload = malloc(size + 1);
    CHECK(payload);
    payload[0] = (uint8_t)((unit[0] & 0xE0) | 28);
    payload[1] = (uint8_t)(0x80 | (unit[0] & 31));
    memcpy(payload + 2, unit + 1, size - 1);
    CHECK(h264_find_sps(payload, size + 1, &packed) == is_set);
    CHECK(!is_set || (is_same(&sps, &packed) && h264_begins_keyframe(payload, size + 1)));
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct h264_sps sps;
    if (h264_find_sps(data, size, &sps)) {
        check(&sps);
        CHECK(h264_begins_keyframe(data, size));
    }
    if (size > 0)
        pack(data, size);
    return 0;
}
