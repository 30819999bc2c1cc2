/* Writes RTCP compound packets, part by part. As `farmlive.media.wire.rtcp`; `rtcp` reads it. */
#ifndef FARMLIVE_RTCP_WRITE_H
#define FARMLIVE_RTCP_WRITE_H

#include "wire/rtcp.h"

/* A compound packet while it is written. A part without room is left out as a whole. */
struct rtcp_buffer {
    size_t size;
    uint8_t data[8192];
};

void rtcp_sender_report(struct rtcp_buffer *out, const struct sender_report *report);
/* `count` is at most 31. */
void rtcp_receiver_report(struct rtcp_buffer *out, uint32_t own_ssrc,
                          const struct receiver_report *reports, int count);
void rtcp_reference_time(struct rtcp_buffer *out, uint32_t own_ssrc, uint64_t ntp);
void rtcp_reference_reply(struct rtcp_buffer *out, uint32_t own_ssrc,
                          const struct reference_reply *reply);
/* Write the CNAME of each stream: equal CNAMEs mean that streams belong together. */
void rtcp_source_description(struct rtcp_buffer *out, const uint32_t *ssrcs, int count,
                             const char *cname);
/* `missing` is in the order of the stream. */
void rtcp_nack(struct rtcp_buffer *out, uint32_t own_ssrc, uint32_t ssrc, const uint16_t *missing,
               int count);
void rtcp_picture_loss(struct rtcp_buffer *out, uint32_t own_ssrc, uint32_t ssrc);

/* Return the size of the part from `at` on that fits into a datagram (RTCP_MOST); 0 at the end.
 * Parts after the first begin without a report (RFC 5506). */
size_t rtcp_part(const struct rtcp_buffer *buffer, size_t at);

#endif
