/* What light clients of an engine under stress say: media, and what viewers tell of it. */
#include "engine_guests.h"
#include "wire/rtp.h"

/* Media of a publisher. */

static void packet(struct guest *guest, int stream, int type, bool marker, const uint8_t *payload,
                   size_t size)
{
    static const char rids[2] = {'l', 'h'};
    uint8_t out[1600];
    bool is_video = type != SOUND && type != RED;
    rtp_head(out, false, (uint8_t)type, marker, guest->sequences[stream]++, guest->timestamp,
             guest->ssrc + (uint32_t)stream);
    out[0] |= 0x10;
    put16(out + 12, 0xBEDE);
    put16(out + 14, 2);
    memset(out + 16, 0, 8);
    out[16] = CONGESTION << 4 | 1;
    put16(out + 17, guest->counter++);
    if (is_video && guest->is_layered) {
        out[19] = (uint8_t)((type == RTX ? REPAIRED_RID : RID) << 4);
        out[20] = (uint8_t)rids[stream & 1];
    }
    memcpy(out + 24, payload, size);
    int length = (int)size + 24;
    if (draw(60) == 0)
        return; /* lost */
    guest_seal(guest->to_engine, out, &length, 0);
    if (draw(400) == 0)
        out[draw(length)] ^= 1;
    guest_send(guest, out, (size_t)length);
    if (draw(100) == 0)
        guest_send(guest, out, (size_t)length);
}

/* The beginning of a frame's packet, or of a later one of it. */
static void begin_vp8(struct guest *guest, uint8_t *payload, bool begins, bool is_first)
{
    payload[0] = is_first ? 0x90 : 0x80;
    payload[1] = 0x80;
    put16(payload + 2, (uint16_t)(guest->picture | 0x8000));
    payload[4] = begins && is_first ? 0x10 : 0x11;
    memcpy(payload + 7, "\x9d\x01\x2a\x80\x02\x68\x01", 7);
}

/* Now and then with pictures that don't follow each other, to which the engine objects. */
static void begin_h264(uint8_t *payload, bool begins, bool is_first)
{
    static const uint8_t plain[] = "\x67\x64\x00\x0d\xac\xb2\x02\xa3\x3c\x92\x60\x22\x00\x00\x03"
                                   "\x00\x02\x00\x00\x03\x00\x78\x1e\x28\x54\x90",
                         jumps[] = "\x67\x4d\x40\x0d\xec\xa0\xa8\xcf\x24\x98\x08\x80\x00\x00\x03"
                                   "\x00\x80\x00\x00\x1e\x07\x8a\x14\xcb";
    payload[0] = 0x41;
    if (begins && is_first && draw(4))
        memcpy(payload, plain, sizeof plain - 1);
    else if (begins && is_first)
        memcpy(payload, jumps, sizeof jumps - 1);
}

static void frame(struct guest *guest, int layer)
{
    uint8_t payload[1300] = {0};
    bool begins = draw(25) == 0;
    int count = begins ? 1 + draw(12) : 1 + draw(3);
    for (int at = 0; at < count; at++) {
        memset(payload, 0, 40);
        if (guest->is_h264)
            begin_h264(payload, begins, at == 0);
        else
            begin_vp8(guest, payload, begins, at == 0);
        packet(guest, layer, guest->is_h264 ? H264 : VIDEO, at == count - 1, payload,
               (size_t)(40 + draw(1100)));
    }
    if (draw(8) == 0) { /* what the layer sent before, once more */
        put16(payload, (uint16_t)(guest->sequences[layer] - 1 - draw(20)));
        packet(guest, layer + 2, RTX, true, payload, 60);
    }
}

static void control(struct guest *guest, const uint8_t *data, int size)
{
    uint8_t out[256];
    memcpy(out, data, (size_t)size);
    guest_seal(guest->to_engine, out, &size, 4);
    if (draw(300) == 0)
        out[draw(size)] ^= 1;
    guest_send(guest, out, (size_t)size);
}

static void publish(struct guest *guest)
{
    uint8_t sound[120] = {0x78};
    uint8_t report[28] = {0x80, 200, 0, 6};
    switch (draw(12)) {
    case 0:
        put32(report + 4, guest->ssrc + (uint32_t)draw(4));
        put32(report + 8, 0xE0000000u + (uint32_t)draw(1000));
        put32(report + 16, guest->timestamp);
        control(guest, report, sizeof report);
        break;
    case 1:
    case 2:
        packet(guest, 3, SOUND, false, sound, (size_t)(1 + draw(119)));
        break;
    case 3: /* with the sound before it */
        memcpy(sound, "\xef\x0f\x00\x08\x6f", 5);
        packet(guest, 3, RED, false, sound, (size_t)(14 + draw(100)));
        break;
    default:
        guest->picture = (guest->picture + 1) & 0x7FFF;
        guest->timestamp += 3000;
        for (int layer = 0; layer <= guest->is_layered; layer++)
            frame(guest, layer);
        break;
    }
}

/* What a viewer tells. */

static void watch(struct guest *guest)
{
    uint8_t out[64] = {0x80, 201, 0, 1, 0, 0, 0, 7};
    uint8_t *more = out + 8;
    switch (draw(8)) {
    case 0: /* NACK */
        memcpy(more, "\x81\xcd\0\3\0\0\0\7", 8);
        put32(more + 8, guest->heard_ssrc);
        put16(more + 12, (uint16_t)(guest->heard - draw(40)));
        put16(more + 14, (uint16_t)draw(0x10000));
        control(guest, out, 8 + 16);
        break;
    case 1: /* PLI */
        memcpy(more, "\x81\xce\0\2\0\0\0\7", 8);
        put32(more + 8, guest->heard_ssrc);
        control(guest, out, 8 + 12);
        break;
    case 2: /* REMB */
        memcpy(more, "\x8f\xce\0\5\0\0\0\7\0\0\0\0REMB\1", 17);
        put16(more + 17, (uint16_t)draw(0x10000));
        put32(more + 20, guest->heard_ssrc);
        control(guest, out, 8 + 24);
        break;
    case 3: /* the time, for a round trip */
        memcpy(more, "\x80\xcf\0\4\0\0\0\7\4\0\0\2", 12);
        put32(more + 12, 0xE0000000u);
        control(guest, out, 8 + 20);
        break;
    default:
        out[0] = 0x81;
        out[3] = 7;
        put32(out + 8, guest->heard_ssrc);
        out[12] = draw(3) ? 0 : (uint8_t)draw(256);
        put32(out + 16, guest->heard);
        control(guest, out, 32);
        break;
    }
}

void guest_say(struct guest *guest)
{
    static const uint8_t record[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1};
    int what = draw(40);
    guest->is_mute |= draw(3000) == 0;
    if (guest->is_mute)
        return;
    if (what == 0)
        guest_check(guest);
    else if (what == 1)
        guest_send(guest, record, sizeof record);
    else if (guest->publishes)
        publish(guest);
    else if (what < 12)
        watch(guest);
}
