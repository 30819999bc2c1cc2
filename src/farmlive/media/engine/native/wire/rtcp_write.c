/* Writes RTCP part by part into a compound packet.
 *
 * Always holds: a buffer has whole parts, each of whole words. */
#include "wire/rtcp_write.h"

/* Begin a part with this many bytes after its first word; return where to write them, NULL if there
 * is no room. */
static uint8_t *begin_part(struct rtcp_buffer *out, int kind, int count, size_t body)
{
    if (body + 4 > sizeof out->data - out->size)
        return NULL;
    uint8_t *at = out->data + out->size;
    at[0] = (uint8_t)(0x80 | count);
    at[1] = (uint8_t)kind;
    put16(at + 2, (uint16_t)(body / 4));
    out->size += 4 + body;
    return at + 4;
}

void rtcp_sender_report(struct rtcp_buffer *out, const struct sender_report *report)
{
    uint8_t *body = begin_part(out, RTCP_SR, 0, 24);
    if (!body)
        return;
    put32(body, report->ssrc);
    put64(body + 4, report->ntp);
    put32(body + 12, report->timestamp);
    put32(body + 16, report->packets);
    put32(body + 20, report->octets);
}

void rtcp_receiver_report(struct rtcp_buffer *out, uint32_t own_ssrc,
                          const struct receiver_report *reports, int count)
{
    uint8_t *body = begin_part(out, RTCP_RR, count, 4 + 24 * (size_t)count);
    if (!body)
        return;
    put32(body, own_ssrc);
    body += 4;
    for (int i = 0; i < count; i++, body += 24) {
        int32_t total = reports[i].total_lost;
        if (total < -0x800000)
            total = -0x800000;
        if (total > 0x7FFFFF)
            total = 0x7FFFFF;
        put32(body, reports[i].ssrc);
        body[4] = reports[i].lost;
        put24(body + 5, (uint32_t)total & 0xFFFFFF);
        put32(body + 8, reports[i].highest);
        put32(body + 12, reports[i].jitter);
        put32(body + 16, reports[i].last_report);
        put32(body + 20, reports[i].delay);
    }
}

/* Write the head of a block of an extended report with this many words after it. */
static void write_block_head(uint8_t *at, int kind, uint16_t words)
{
    at[0] = (uint8_t)kind;
    at[1] = 0;
    put16(at + 2, words);
}

void rtcp_reference_time(struct rtcp_buffer *out, uint32_t own_ssrc, uint64_t ntp)
{
    uint8_t *body = begin_part(out, RTCP_XR, 0, 16);
    if (!body)
        return;
    put32(body, own_ssrc);
    write_block_head(body + 4, XR_RRTR, 2);
    put64(body + 8, ntp);
}

void rtcp_reference_reply(struct rtcp_buffer *out, uint32_t own_ssrc,
                          const struct reference_reply *reply)
{
    uint8_t *body = begin_part(out, RTCP_XR, 0, 20);
    if (!body)
        return;
    put32(body, own_ssrc);
    write_block_head(body + 4, XR_DLRR, 3);
    put32(body + 8, reply->ssrc);
    put32(body + 12, reply->last);
    put32(body + 16, reply->delay);
}

void rtcp_source_description(struct rtcp_buffer *out, const uint32_t *ssrcs, int count,
                             const char *cname)
{
    size_t name = strlen(cname);
    if (name > 255)
        return;
    /* A chunk ends with at least one zero byte. */
    size_t chunk = (6 + name) / 4 * 4 + 4;
    uint8_t *body = begin_part(out, RTCP_SDES, count, chunk * (size_t)count);
    if (!body)
        return;
    memset(body, 0, chunk * (size_t)count);
    for (int i = 0; i < count; i++, body += chunk) {
        put32(body, ssrcs[i]);
        body[4] = 1;
        body[5] = (uint8_t)name;
        memcpy(body + 6, cname, name);
    }
}

/* Make the entry that begins with `missing[at]`: which of the 16 numbers after it are missing, too.
 * Returns where the next entry begins. */
static int take_entry(const uint16_t *missing, int count, int at, uint16_t *mask)
{
    uint16_t first = missing[at++];
    *mask = 0;
    for (; at < count; at++) {
        unsigned distance = (uint16_t)(missing[at] - first);
        if (distance < 1 || distance > 16)
            break;
        *mask = (uint16_t)(*mask | 1u << (distance - 1));
    }
    return at;
}

void rtcp_nack(struct rtcp_buffer *out, uint32_t own_ssrc, uint32_t ssrc, const uint16_t *missing,
               int count)
{
    uint16_t mask;
    size_t entries = 0;
    for (int at = 0; at < count; at = take_entry(missing, count, at, &mask))
        entries++;
    uint8_t *body = begin_part(out, RTCP_RTPFB, RTPFB_NACK, 8 + 4 * entries);
    if (!body)
        return;
    put32(body, own_ssrc);
    put32(body + 4, ssrc);
    body += 8;
    for (int at = 0; at < count; body += 4) {
        put16(body, missing[at]);
        at = take_entry(missing, count, at, &mask);
        put16(body + 2, mask);
    }
}

void rtcp_picture_loss(struct rtcp_buffer *out, uint32_t own_ssrc, uint32_t ssrc)
{
    uint8_t *body = begin_part(out, RTCP_PSFB, PSFB_PLI, 8);
    if (!body)
        return;
    put32(body, own_ssrc);
    put32(body + 4, ssrc);
}

size_t rtcp_part(const struct rtcp_buffer *buffer, size_t first)
{
    size_t at = first;
    while (buffer->size - first > RTCP_MOST) {
        size_t end = at + 4 + 4 * (size_t)get16(buffer->data + at + 2);
        if (end - first > RTCP_MOST && at > first)
            return at - first;
        if (end >= buffer->size)
            break;
        at = end;
    }
    return buffer->size - first;
}
