/* How an output's packets leave: groups the viewers that have the same numbers, writes one batch
 * for each group, and writes sender reports. As `farmlive.media.engine.python.sending`. */
#ifndef FARMLIVE_SENDING_H
#define FARMLIVE_SENDING_H

#include "output/sound.h"
#include "output/viewer.h"
#include "send/senders.h"
#include "wire/rtcp_write.h"

/* Viewers with the same numbers for what is sent now. */
struct numbered {
    struct forwarder *forwarder; /* NULL: no video */
    struct rewrite_offset offset;
    bool hears;
    struct hearing hearing;
    struct send_group *send_group;
};

/* What is sent, and to whom. */
struct sending {
    struct ssrcs ssrcs;
    struct list viewers;    /* all of the output's, by `all` */
    struct list forwarders; /* by `link` */
    struct sound sound;
    long sent;  /* packets, each viewer's counted */
    bool stale; /* viewers or sound have changed since the groups were made */
    int group_count, group_room;
    struct numbered *groups;
};

void sending_init(struct sending *sending, struct ssrcs ssrcs, uint16_t sound_sequence,
                  uint32_t sound_timestamp);
void sending_clear(struct sending *sending);

/* The forwarder of this track, or NULL. */
struct forwarder *sending_forwarder(const struct sending *sending, const struct track *track);

/* Send what is gathered of each forwarder: all of it, or only the frames that are whole; sound
 * rides in the last send of video where it fits. */
void sending_send(struct sending *sending, bool all);
/* Send these packets, past ones, to these viewers alone. */
void sending_send_to(struct sending *sending, struct viewer *const *viewers, int viewer_count,
                     struct packet *const *packets, int count);
/* Write the sender reports of this moment for a viewer; `wall` is `now` in seconds since 1970.
 * Nothing before it gets anything. Answers the viewer's reference time. */
void sending_report(const struct sending *sending, struct viewer *viewer, double now, double wall,
                    struct rtcp_buffer *out);

#endif
