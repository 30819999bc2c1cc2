/* Finds the track of a publisher's packet, and orders the layers.
 *
 * Always holds: every track in `known` and `repairing` is one of `tracks`. */
#include "ingest/track_demux.h"

/* The meaning of payload types. If two tracks have the same one, the last track counts. */

/* A late packet of the stream before a restart with a new SSRC comes within this time. */
static const double LATE_S = 1.0;

static const struct incoming *incoming_of(const struct publisher *publisher, int payload_type)
{
    for (int at = publisher->publishing->count - 1; at >= 0; at--)
        if (publisher->publishing->tracks[at].codecs[payload_type] != 0)
            return &publisher->publishing->tracks[at];
    return NULL;
}

/* Return the payload type that this RTX repairs, or -1 if it is not RTX. */
static int rtx_of(const struct publisher *publisher, int payload_type)
{
    for (int at = publisher->publishing->count - 1; at >= 0; at--)
        if (publisher->publishing->tracks[at].repairs[payload_type] >= 0)
            return publisher->publishing->tracks[at].repairs[payload_type];
    return -1;
}

/* Return the payload type inside this RED, or -1 if it is not RED. */
static int red_of(const struct publisher *publisher, int payload_type)
{
    for (int at = publisher->publishing->count - 1; at >= 0; at--)
        if (publisher->publishing->tracks[at].red[payload_type] >= 0)
            return publisher->publishing->tracks[at].red[payload_type];
    return -1;
}

static int inner_of(const struct publisher *publisher, int payload_type)
{
    int inner = red_of(publisher, payload_type);
    return inner >= 0 ? inner : payload_type;
}

bool track_demux_is_red(const struct publisher *publisher, const struct rtp_packet *received)
{
    return red_of(publisher, received->payload_type) >= 0;
}

bool track_demux_is_repair(const struct publisher *publisher, const struct rtp_packet *received)
{
    return rtx_of(publisher, received->payload_type) >= 0;
}

/* The track of a packet. */

struct track *track_demux_known(const struct publisher *publisher,
                                const struct rtp_packet *received)
{
    for (int at = 0; at < publisher->known_count; at++) {
        const struct known *known = &publisher->known[at];
        if (known->ssrc == received->ssrc && known->payload_type == received->payload_type)
            return known->track;
    }
    return NULL;
}

/* If the table is full, `track_demux_begin` finds the track each time. */
static void know(struct publisher *publisher, const struct rtp_packet *received,
                 struct track *track)
{
    struct known known = {received->payload_type, received->ssrc, track};
    for (int at = 0; at < publisher->known_count; at++)
        if (publisher->known[at].ssrc == known.ssrc &&
            publisher->known[at].payload_type == known.payload_type) {
            publisher->known[at] = known;
            return;
        }
    if (publisher->known_count < KNOWN_MOST)
        publisher->known[publisher->known_count++] = known;
}

/* Remove the track's entries; return how many are left. */
static int forget(struct known known[], int count, const struct track *track)
{
    int kept = 0;
    for (int at = 0; at < count; at++)
        if (known[at].track != track)
            known[kept++] = known[at];
    return kept;
}

/* Return how many tracks this may be, and the first of them. */
static int candidates(const struct publisher *publisher, const struct incoming *incoming,
                      struct track **first)
{
    int count = 0;
    *first = NULL;
    for (int at = 0; at < publisher->track_count; at++)
        if (publisher->tracks[at]->incoming == incoming && count++ == 0)
            *first = publisher->tracks[at];
    return count;
}

/* Return the track whose RID the packet has in this extension (RFC 8852). */
static struct track *named(const struct publisher *publisher, const struct incoming *incoming,
                           const struct rtp_packet *received, int extension)
{
    size_t size = 0;
    const uint8_t *rid = extension >= 0 ? rtp_extension(received, extension, &size) : NULL;
    if (rid == NULL || size == 0)
        return NULL;
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *track = publisher->tracks[at];
        if (track->incoming == incoming && strlen(track->rid) == size &&
            memcmp(track->rid, rid, size) == 0)
            return track;
    }
    return NULL;
}

struct track *track_demux_renew(struct publisher *publisher, struct track *track,
                                const struct rtp_packet *received, double now)
{
    const struct incoming *incoming = track->incoming;
    struct track *fresh = track;
    if (track->ssrc != 0) {
        int rid = 0;
        while (rid + 1 < incoming->layers && track->rid != incoming->rids[rid])
            rid++;
        fresh = track_new(publisher->publishing, incoming, rid);
        fresh->layer = track->layer;
        fresh->replaced = track->ssrc;
        fresh->replaced_at = now;
        for (int at = 0; at < publisher->track_count; at++)
            if (publisher->tracks[at] == track)
                publisher->tracks[at] = fresh;
        publisher->known_count = forget(publisher->known, publisher->known_count, track);
        publisher->repairing_count =
            forget(publisher->repairing, publisher->repairing_count, track);
        publisher_arrange(publisher);
    }
    track_begin(fresh, received->ssrc,
                incoming->codecs[inner_of(publisher, received->payload_type)], received->sequence,
                received->timestamp, now);
    know(publisher, received, fresh);
    if (fresh != track) {
        publisher_tell_renewed(publisher, track, fresh, now);
        track_release(track);
    }
    return fresh;
}

struct track *track_demux_begin(struct publisher *publisher, const struct rtp_packet *received,
                                double now)
{
    int inner = inner_of(publisher, received->payload_type);
    const struct incoming *incoming = incoming_of(publisher, inner);
    if (incoming == NULL)
        return NULL;
    struct track *track;
    if (candidates(publisher, incoming, &track) > 1) {
        track = NULL;
        for (int at = 0; at < publisher->track_count && track == NULL; at++)
            if (publisher->tracks[at]->incoming == incoming &&
                publisher->tracks[at]->ssrc == received->ssrc)
                track = publisher->tracks[at];
        if (track == NULL)
            track = named(publisher, incoming, received, publisher->publishing->rid);
    }
    if (track == NULL)
        return NULL;
    if (track->ssrc == received->ssrc && track->codec == incoming->codecs[inner]) {
        /* The same stream switches between RED and plain audio. */
        know(publisher, received, track);
        return track;
    }
    /* Late packets of the old stream must not restart it. */
    if (received->ssrc == track->replaced && now - track->replaced_at < LATE_S)
        return NULL;
    return track_demux_renew(publisher, track, received, now);
}

struct track *track_demux_restore(struct publisher *publisher, const struct rtp_packet *received,
                                  uint16_t number)
{
    for (int at = 0; at < publisher->repairing_count; at++)
        if (publisher->repairing[at].ssrc == received->ssrc)
            return publisher->repairing[at].track;
    const struct incoming *incoming =
        incoming_of(publisher, rtx_of(publisher, received->payload_type));
    struct track *track;
    int count = candidates(publisher, incoming, &track);
    if (count < 2)
        return track;
    track = named(publisher, incoming, received, publisher->publishing->repaired_rid);
    if (track != NULL) {
        /* Each layer has one RTX stream; more of them make all uncertain. */
        if (publisher->repairing_count == REPAIRING_MOST)
            publisher->repairing_count = 0;
        publisher->repairing[publisher->repairing_count++] =
            (struct known){.ssrc = received->ssrc, .track = track};
        return track;
    }
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *each = publisher->tracks[at];
        if (each->incoming != incoming || !track_misses(each, number))
            continue;
        if (track != NULL)
            return NULL;
        track = each;
    }
    return track;
}

/* The order of the layers. */

static bool is_larger(struct picture_size a, struct picture_size b)
{
    return a.width != b.width ? a.width > b.width : a.height > b.height;
}

void track_demux_sort_layers(struct publisher *publisher, double now)
{
    int count = publisher->layer_count, sized = 0;
    bool is_right = true;
    long before = 0;
    for (int layer = 0; layer < count; layer++) {
        struct picture_size size = publisher->layers[layer]->size;
        if (size.width == 0)
            continue;
        long pixels = (long)size.width * size.height;
        is_right = is_right && pixels >= before;
        before = pixels;
        sized++;
    }
    if (is_right)
        return;
    struct track *order[LAYERS_MOST];
    for (int layer = 0; layer < count; layer++) {
        struct track *track = publisher->layers[layer];
        int place = sized == count ? layer : count - 1 - layer;
        for (; sized == count && place > 0 && is_larger(order[place - 1]->size, track->size);
             place--)
            order[place] = order[place - 1];
        order[place] = track;
    }
    for (int layer = 0; layer < count; layer++) {
        publisher->layers[layer] = order[layer];
        order[layer]->layer = layer;
    }
    flow_init(&publisher->flow, count);
    publisher_look(publisher, now);
    publisher_tell_layers(publisher, now);
}
