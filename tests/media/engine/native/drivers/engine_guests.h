/* Light clients of an engine under stress: what they send, and what they make of what comes.
 *
 * Protection is made up here, so that the sanitizers see it: a session counts, without a lock, what
 * passes it, and is freed when the engine says that nobody uses it any more. Where the machine has
 * OpenSSL, some have their RTP protected by the engine itself. */
#ifndef FARMLIVE_ENGINE_GUESTS_H
#define FARMLIVE_ENGINE_GUESTS_H

#include "core/core.h"

enum { TAG = 16, PORTS = 2 };

/* Payload types, and the ids of header extensions. */
enum { VIDEO = 96, RTX = 97, H264 = 98, SOUND = 111, RED = 63 };
enum { CONGESTION = 3, RID = 4, REPAIRED_RID = 5, CAPTURE_TIME = 6 };

/* A number below this one, by chance. */
int draw(int below);
void draw_from(unsigned long seed);

/* Both sessions of a peer, as Python keeps them. */
struct session {
    uint32_t key;
    unsigned long passed;
};

struct keyring {
    struct session transmit, receive;
};

void guests_protect(void);  /* let the engine protect so */
bool guests_have_gcm(void); /* called once, after that: let it protect by itself, too */

/* Where the engine is reached. */
struct doors {
    int udp[PORTS], tcp[PORTS];
    struct address udp_at[PORTS], tcp_at[PORTS];
};

bool doors_open(struct doors *doors);

struct guest {
    uint64_t number; /* 0: nobody */
    bool publishes, is_layered, is_h264, is_secured, has_gcm, has_part, is_deaf, is_mute;
    struct credentials local;        /* the engine's, by which it is found */
    uint32_t to_engine, from_engine; /* keys */
    int fd;                          /* -1: nowhere */
    bool is_stream;
    size_t gathered;
    uint8_t room[1 << 16]; /* of the stream, what is not taken apart yet */
    uint32_t ssrc, timestamp;
    uint16_t sequences[4], counter, picture;
    uint32_t heard_ssrc;
    uint16_t heard;
};

/* What all guests made of what came. */
struct account {
    unsigned long answers, checks, records, media, control, foreign, sent;
};

extern struct account account;

void guest_begin(struct guest *guest, uint64_t number, bool publishes);
void guest_rename(struct guest *guest);
/* What the engine is told of its names; some are checked by these, others never. */
struct naming guest_naming(const struct guest *guest);
struct keyring *guest_keys(struct guest *guest);

void guest_send(struct guest *guest, const uint8_t *data, size_t size);
/* Protect; RTCP with 4 bytes `more`, which SRTCP has for its index. */
void guest_seal(uint32_t key, uint8_t *data, int *size, int more);

/* Come from elsewhere from now on. */
void guest_move(struct guest *guest, const struct doors *doors);
void guest_hang_up(struct guest *guest);
void guest_check(struct guest *guest);
/* Something that a client says all the time; engine_media.c. */
void guest_say(struct guest *guest);
void guest_hear(struct guest *guest);

/* Somebody unknown sends what is none, or connects and goes. */
void stranger(const struct doors *doors);

#endif
