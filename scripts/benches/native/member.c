/* What one viewer of the load does with each datagram, and what it sends. Every packet of media is
 * authenticated and decrypted, and its sequence number is accounted for. */
#include "member.h"

#include <string.h>
#include <sys/socket.h>

/* As farmlive.client.media.sdp offers it, and as farmlive.client.media.synthetic_media fills it. */
enum { VP8 = 96, VP8_RTX = 97, H264_RTX = 103, STAMP_AT = 24 };
static const char MARK[8] = {'f', 'a', 'r', 'm', 'l', 'i', 'v', 'e'};

static const int64_t REPORT_EVERY_NS = 200000000, CHECK_EVERY_NS = 2000000000;

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static struct stream *stream_of(struct member *member, uint32_t ssrc)
{
    for (int i = 0; i < member->stream_count; i++)
        if (member->streams[i].ssrc == ssrc)
            return &member->streams[i];
    if (member->stream_count == STREAMS_MOST)
        return NULL;
    struct stream *stream = &member->streams[member->stream_count++];
    *stream = (struct stream){.ssrc = ssrc};
    return stream;
}

static void count_sequence(struct stream *stream, struct counts *counts, uint16_t sequence)
{
    int16_t ahead = (int16_t)(sequence - stream->next);
    if (!stream->begun) {
        stream->begun = true;
        ahead = 0;
    }
    if (ahead < 0) {
        /* It came after all: replays do not come this far. */
        counts->disordered++;
        counts->lost--;
        return;
    }
    counts->lost += ahead;
    stream->next = (uint16_t)(sequence + 1);
    stream->cycles = (uint16_t)(stream->cycles + (stream->next == 0));
}

/* Where the payload begins; 0 for what is too short. */
static size_t payload_at(const uint8_t *packet, size_t size)
{
    size_t at = 12 + 4 * (size_t)(packet[0] & 15);
    if (packet[0] & 0x10) {
        if (size < at + 4)
            return 0;
        at += 4 + 4 * (size_t)get16(packet + at + 2);
    }
    return at < size ? at : 0;
}

/* Look for the first key frame of which all packets came. */
static void look_for_frame(struct member *member, const uint8_t *packet, const uint8_t *payload,
                           int64_t came_ns)
{
    uint32_t timestamp = get32(packet + 4);
    uint16_t sequence = get16(packet + 2);
    if (payload[0] == 0x10 && !(payload[1] & 1)) {
        member->in_frame = true;
        member->frame_at = timestamp;
    } else if (!member->in_frame || timestamp != member->frame_at ||
               sequence != member->frame_next) {
        member->in_frame = false;
        return;
    }
    member->frame_next = (uint16_t)(sequence + 1);
    if (packet[1] & 0x80)
        member->first_frame_ns = came_ns;
}

static void take_media(struct member *member, struct ledger *ledger, uint8_t *packet, size_t size,
                       int64_t came_ns)
{
    struct counts *counts = &ledger->counts;
    int type = packet[1] & 127, plain = (int)size;
    int failed = ledger->srtp.unprotect(member->receive, packet, &plain);
    if (failed) {
        /* srtp_err_status_replay_fail, srtp_err_status_replay_old. */
        *(failed == 9 || failed == 10 ? &counts->repeated : &counts->undecipherable) += 1;
        return;
    }
    if (type == VP8_RTX || type == H264_RTX) {
        counts->repairs++;
        return;
    }
    size_t at = payload_at(packet, (size_t)plain);
    struct stream *stream = stream_of(member, get32(packet + 8));
    if (!stream || !at || (size_t)plain < at + STAMP_AT + 16) {
        counts->undecipherable++;
        return;
    }
    counts->packets++;
    counts->bytes += (int64_t)size;
    count_sequence(stream, counts, get16(packet + 2));
    if (type == VP8 && !member->first_frame_ns)
        look_for_frame(member, packet, packet + at, came_ns);
    const uint8_t *stamp = packet + at + STAMP_AT;
    if (memcmp(stamp, MARK, sizeof MARK)) {
        counts->unstamped++;
    } else if (member->settled) {
        uint64_t sent = (uint64_t)get32(stamp + 8) << 32 | get32(stamp + 12);
        delays_add(ledger->delays, came_ns - (int64_t)sent);
    }
}

static void take_report(struct member *member, struct ledger *ledger, uint8_t *packet, size_t size,
                        int64_t came_ns)
{
    int plain = (int)size;
    if (ledger->srtp.unprotect_rtcp(member->receive, packet, &plain)) {
        ledger->counts.undecipherable++;
        return;
    }
    for (int at = 0; at + 28 <= plain; at += 4 + 4 * get16(packet + at + 2)) {
        struct stream *stream =
            packet[at + 1] == 200 ? stream_of(member, get32(packet + at + 4)) : NULL;
        if (stream) {
            ledger->counts.sender_reports++;
            stream->sender_report = get32(packet + at + 10);
            stream->sender_report_ns = came_ns;
        }
    }
}

void member_take(struct member *member, struct ledger *ledger, uint8_t *data, size_t size,
                 int64_t stamped_ns)
{
    int64_t came_ns = stamped_ns - ledger->ahead_ns;
    if (size < 12)
        ledger->counts.undecipherable++;
    else if (data[0] >= 128 && data[0] < 192 && data[1] >= 192 && data[1] <= 223)
        take_report(member, ledger, data, size, came_ns);
    else if (data[0] >= 128 && data[0] < 192)
        take_media(member, ledger, data, size, came_ns);
    else if (data[0] >= 20 && data[0] < 64)
        ledger->counts.goodbyes += data[0] == 21;
    else if (size >= 20 && data[0] == 1 && data[1] == 1)
        ledger->counts.checks_answered += !memcmp(data + 8, member->check + 8, 12);
}

void member_restart(struct member *member)
{
    for (int i = 0; i < member->stream_count; i++)
        member->streams[i].begun = false;
}

/* A receiver report (RFC 3550, section 6.4.2); returns its size. */
static size_t write_report(const struct member *member, uint8_t *to, int64_t now_ns)
{
    size_t blocks = (size_t)member->stream_count, size = 8 + 24 * blocks;
    memset(to, 0, size);
    put32(to, (uint32_t)(0x80C90001 + (blocks << 24) + 6 * blocks));
    put32(to + 4, member->ssrc);
    for (size_t i = 0; i < blocks; i++) {
        const struct stream *stream = &member->streams[i];
        uint8_t *at = to + 8 + 24 * i;
        put32(at, stream->ssrc);
        put32(at + 8, (uint32_t)stream->cycles << 16 | (uint16_t)(stream->next - 1));
        if (stream->sender_report) {
            put32(at + 16, stream->sender_report);
            put32(at + 20, (uint32_t)((double)(now_ns - stream->sender_report_ns) * 65536e-9));
        }
    }
    return size;
}

/* What a browser adds now and then: its name, and the bitrate that it could take (goog-remb). */
static size_t write_more(const struct member *member, uint8_t *to)
{
    static const uint8_t NAME[] = {1, 5, 'w', 'a', 't', 'c', 'h', 0};
    static const uint8_t REMB[] = {'R', 'E', 'M', 'B', 0, 22, 0x62, 0x5A}; /* 5 Mbit/s */
    memset(to, 0, 36);
    put32(to, 0x81CA0003);
    put32(to + 4, member->ssrc);
    memcpy(to + 8, NAME, sizeof NAME);
    put32(to + 16, 0x8FCE0004);
    put32(to + 20, member->ssrc);
    memcpy(to + 28, REMB, sizeof REMB);
    return 36;
}

static void send_out(const struct member *member, struct ledger *ledger, const void *data,
                     size_t size)
{
    ledger->counts.unsent += send(member->fd, data, size, MSG_DONTWAIT) < 0;
}

void member_speak(struct member *member, struct ledger *ledger, int64_t now_ns)
{
    if (now_ns >= member->report_at) {
        uint8_t report[512];
        size_t size = write_report(member, report, now_ns);
        if (member->reports++ % 5 == 0)
            size += write_more(member, report + size);
        int protected = (int)size;
        if (!ledger->srtp.protect_rtcp(member->transmit, report, &protected)) {
            send_out(member, ledger, report, (size_t)protected);
            ledger->counts.reports_sent++;
        }
        member->report_at += REPORT_EVERY_NS;
    }
    if (now_ns >= member->check_at) {
        send_out(member, ledger, member->check, member->check_size);
        ledger->counts.checks_sent++;
        member->check_at += CHECK_EVERY_NS;
    }
}
