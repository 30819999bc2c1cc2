/* Sends an output's packets: groups the viewers that have the same numbers, writes one batch for
 * each group, and writes sender reports. As `farmlive.media.engine.python.output.sending`. */
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

/* The forwarders, audio and viewers of an output. */
struct sending {
    struct ssrcs ssrcs;
    struct list viewers;    /* all of the output's, by `all` */
    struct list forwarders; /* by `link` */
    struct sound sound;
    long sent;  /* packets, counted for each viewer */
    bool stale; /* viewers or audio have changed since the groups were made */
    int group_count, group_room;
    struct numbered *groups;
};

void sending_init(struct sending *sending, struct ssrcs ssrcs, uint16_t sound_sequence,
                  uint32_t sound_timestamp);
void sending_clear(struct sending *sending);

/* Return the forwarder of this track, or NULL. */
struct forwarder *sending_forwarder(const struct sending *sending, const struct track *track);

/* Send the queued packets of each forwarder: all of them, or only complete frames; audio goes with
 * the last batch of video if it fits. */
void sending_send(struct sending *sending, bool all);
/* Send these past packets to these viewers alone. */
void sending_send_to(struct sending *sending, struct viewer *const *viewers, int viewer_count,
                     struct packet *const *packets, int count);
/* Write the viewer's sender reports of this moment; nothing before it gets media. `wall` is `now`
 * in seconds since 1970. Answers the viewer's reference time. */
void sending_report(const struct sending *sending, struct viewer *viewer, double now, double wall,
                    struct rtcp_buffer *out);

#endif
