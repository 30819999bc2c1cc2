/* Reads from the first bytes of payloads, and from AV1's dependency descriptor, which frames no
 * other refers to: RFC 6184, RFC 7741, RFC 9628, and the AV1 RTP specification, appendix A.
 *
 * Always holds: payloads and descriptors are untrusted; no byte beyond their size is read. */
#include "wire/disposable.h"

/* H264. */
enum { SLICE_FIRST = 1, SLICE_LAST = 4, SEI = 6, DELIMITER = 9, FILLER = 12, PREFIX = 14 };
enum { STAP_A = 24, FU_A = 28 };

/* Where a dependency descriptor's five flags end, in bits; a next_layer_idc; and the indications of
 * decode targets. */
enum { FLAGS_END = 29, NO_MORE_LAYERS = 3, NOT_PRESENT = 0, DISCARDABLE = 1 };

/* In flexible mode the top temporal layer is known not to be referred to once this many pictures
 * did not. */
enum { QUIET_LEAST = 8, QUIET_MOST = 1 << 20 };

void references_init(struct references *references, codec_id codec)
{
    *references = (struct references){.codec = codec, .last = -1};
}

/* Return what the header of a NAL unit says (H.264, 7.4.1). */
static enum frame_use disposable_unit(int head)
{
    int kind = head & 31;
    if (kind >= SLICE_FIRST && kind <= SLICE_LAST)
        return head & 0x60 ? USE_NEEDED : USE_DISPOSABLE;
    /* SEI, delimiters, ends, filler data and prefixes go with any frame. */
    bool goes_with_any = kind == SEI || (kind >= DELIMITER && kind <= FILLER) || kind == PREFIX;
    return goes_with_any ? USE_UNSAID : USE_NEEDED;
}

static enum frame_use disposable_h264(const uint8_t *payload, size_t size)
{
    int head = payload[0], kind = head & 31;
    if (kind == FU_A)
        return size > 1 ? disposable_unit((head & 0xE0) | (payload[1] & 31)) : USE_NEEDED;
    if (kind != STAP_A)
        return disposable_unit(head);
    enum frame_use use = USE_UNSAID;
    for (size_t at = 1; at < size;) {
        size_t length = size - at >= 2 ? get16(payload + at) : 0;
        at += 2;
        if (length == 0 || at + length > size)
            return USE_NEEDED;
        enum frame_use each = disposable_unit(payload[at]);
        if (each == USE_NEEDED)
            return each;
        if (each == USE_DISPOSABLE)
            use = each;
        at += length;
    }
    return use;
}

/* N: a non-reference frame (RFC 7741, section 4.2). A frame that counts in TL0PICIDX is needed all
 * the same: players take a hole there for loss. */
static enum frame_use disposable_vp8(const uint8_t *payload, size_t size)
{
    int first = payload[0];
    if (!(first & 0x20))
        return USE_NEEDED;
    size_t at = 1;
    if (first & 0x80) {
        if (size < 2)
            return USE_NEEDED;
        int flags = payload[1];
        at = 2;
        if (flags & 0x80) {
            if (size < 3)
                return USE_NEEDED;
            at += payload[2] & 0x80 ? 2 : 1;
        }
        if (flags & 0x40)
            at++;
        if (flags & 0x20) {
            if (size <= at || payload[at] >> 6 == 0)
                return USE_NEEDED;
        } else if (flags & 0x40) {
            return USE_NEEDED;
        }
        if (flags & 0x30)
            at++;
    }
    if (size <= at)
        return USE_NEEDED;
    bool is_keyframe = (first & 0x17) == 0x10 && !(payload[at] & 1);
    return is_keyframe ? USE_NEEDED : USE_DISPOSABLE;
}

/* Read a VP9 scalability structure (RFC 9628, section 4.2.1); without a picture group that can be
 * read, none is known. */
static void learn_group(struct references *references, const uint8_t *data, size_t size)
{
    references->pictures = 0;
    references->referred = 0;
    if (size == 0)
        return;
    size_t at = 1;
    if (data[0] & 0x10)
        at += 4 * ((size_t)(data[0] >> 5) + 1);
    if (!(data[0] & 0x08) || size <= at)
        return;
    int count = data[at++];
    uint32_t referred = 0;
    for (int index = 0; index < count && count <= PICTURES_MOST; index++) {
        if (size <= at)
            return;
        references->layers[index] = data[at] >> 5;
        size_t backs = data[at++] >> 2 & 3;
        if (size < at + backs)
            return;
        for (; backs > 0; backs--, at++) {
            int picture = (index - data[at]) % count;
            referred |= (uint32_t)1 << (picture < 0 ? picture + count : picture);
        }
    }
    references->pictures = count <= PICTURES_MOST ? count : 0;
    references->referred = referred;
}

/* Flexible mode has no picture group; each picture says which ones it refers to. Pictures of the
 * top temporal layer are disposable while none has referred to one of them for a while. */
static enum frame_use disposable_flexible(struct references *references, const uint8_t *payload,
                                          size_t size, size_t at, int picture, int layer)
{
    if (picture != references->last && references->quiet < QUIET_MOST)
        references->quiet++;
    references->last = picture;
    references->layer_of[picture % PICTURES_SPAN] = (uint8_t)layer;
    if (!(payload[0] & 0x40)) {
        references->top = 0;
        references->quiet = 0;
        return USE_NEEDED;
    }
    if (layer > references->top) {
        references->top = (uint8_t)layer;
        references->quiet = 0;
    }
    for (size_t end = at + 3; at < end && at < size; at++) {
        /* A picture that refers to itself is none that we understand. */
        unsigned back = (unsigned)(picture - (payload[at] >> 1)) % PICTURES_SPAN;
        if (references->top > 0 && references->layer_of[back] == references->top)
            references->quiet = 0;
        if (!(payload[at] & 1)) {
            bool is_quiet = references->quiet >= QUIET_LEAST;
            return layer > 0 && layer == references->top && is_quiet ? USE_DISPOSABLE : USE_NEEDED;
        }
    }
    return USE_NEEDED;
}

static enum frame_use disposable_vp9(struct references *references, const uint8_t *payload,
                                     size_t size)
{
    int first = payload[0], layer = 0;
    if (!(first & 0x80) || size < 2)
        return USE_NEEDED;
    int picture = payload[1] & 0x7F, mask = 0x7F;
    size_t at = 2;
    if (payload[1] & 0x80) {
        if (size < 3)
            return USE_NEEDED;
        picture = picture << 8 | payload[2];
        mask = 0x7FFF;
        at = 3;
    }
    if (first & 0x20) {
        if (size <= at)
            return USE_NEEDED;
        layer = payload[at] >> 5;
        /* TL0PICIDX follows in non-flexible mode. */
        at += first & 0x10 ? 1 : 2;
    }
    if (first & 0x10)
        return disposable_flexible(references, payload, size, at, picture, layer);
    if (first & 0x02 && layer == 0) {
        references->start = (uint16_t)picture;
        learn_group(references, payload + (at < size ? at : size), at < size ? size - at : 0);
    }
    if (!(first & 0x40) || layer == 0 || references->pictures == 0)
        return USE_NEEDED;
    int index = ((picture - references->start) & mask) % references->pictures;
    bool is_needed = references->layers[index] != layer || references->referred >> index & 1;
    return is_needed ? USE_NEEDED : USE_DISPOSABLE;
}

/* The bits of a descriptor; behind its end come zeros, and `left` is negative. */
struct bits {
    const uint8_t *data;
    long at, left;
};

static int bits_take(struct bits *bits, int count)
{
    int value = 0;
    bits->left -= count;
    for (; bits->left >= 0 && count > 0; count--, bits->at++)
        value = value << 1 | (bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1);
    return value;
}

/* Return whether in each of these decode targets that has the frame no other refers to it. */
static bool bits_discardable(struct bits *bits, int targets)
{
    bool found = false, is_needed = false;
    for (; targets > 0; targets--) {
        int indication = bits_take(bits, 2);
        found |= indication == DISCARDABLE;
        is_needed |= indication != DISCARDABLE && indication != NOT_PRESENT;
    }
    return found && !is_needed && bits->left >= 0;
}

/* Read a template dependency structure as far as its decode target indications. */
static void learn_templates(struct references *references, struct bits bits)
{
    references->offset = (uint8_t)bits_take(&bits, 6);
    references->targets = bits_take(&bits, 5) + 1;
    int count = 1;
    while (bits_take(&bits, 2) != NO_MORE_LAYERS && count <= TEMPLATES_MOST)
        count++;
    references->disposable = 0;
    for (int index = 0; index < count && index < TEMPLATES_MOST; index++)
        if (bits_discardable(&bits, references->targets))
            references->disposable |= (uint64_t)1 << index;
    references->templates = count;
    if (bits.left < 0 || count > TEMPLATES_MOST)
        references->templates = references->targets = 0;
}

static enum frame_use disposable_av1(struct references *references, const uint8_t *payload,
                                     const uint8_t *descriptor, size_t size)
{
    if (descriptor == NULL || size < 3)
        return USE_NEEDED;
    struct bits bits = {descriptor, FLAGS_END, (long)size * 8 - FLAGS_END};
    int flags = size > 3 ? descriptor[3] >> 3 : 0;
    if (flags & 0x10) {
        learn_templates(references, bits);
        return USE_NEEDED;
    }
    /* N: a coded video sequence begins (section 4.4). */
    if (payload[0] & 0x08)
        return USE_NEEDED;
    bool is_disposable;
    if (flags & 0x04) {
        int active = flags & 0x08 ? references->targets : 0;
        bits.at += active;
        bits.left -= active;
        is_disposable = bits_discardable(&bits, references->targets);
    } else {
        int index = ((descriptor[0] & 63) - references->offset) & 63;
        is_disposable = index < references->templates && references->disposable >> index & 1;
    }
    return is_disposable ? USE_DISPOSABLE : USE_NEEDED;
}

enum frame_use references_read(struct references *references, const uint8_t *payload, size_t size,
                               const uint8_t *descriptor, size_t descriptor_size)
{
    if (size == 0)
        return USE_UNSAID;
    switch (codec_family(references->codec)) {
    case CODEC_H264:
        return disposable_h264(payload, size);
    case CODEC_VP8:
        return disposable_vp8(payload, size);
    case CODEC_VP9:
        return disposable_vp9(references, payload, size);
    case CODEC_AV1:
        return disposable_av1(references, payload, descriptor, descriptor_size);
    default:
        return USE_NEEDED;
    }
}

bool references_is_unsaid(const struct references *references, const uint8_t *payload, size_t size)
{
    return size == 0 || (codec_family(references->codec) == CODEC_H264 &&
                         disposable_h264(payload, size) == USE_UNSAID);
}
