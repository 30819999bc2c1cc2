/* Groups viewers by their numbers, and writes packets once for each group.
 *
 * Always holds: unless `stale`, the groups are of the current viewers, in the order of the first
 * viewer of each. The senders report later which viewers are slow. */
#include "output/sending.h"

#include <math.h>

#include "base/memory.h"

void sending_init(struct sending *sending, struct ssrcs ssrcs, uint16_t sound_sequence,
                  uint32_t sound_timestamp)
{
    *sending = (struct sending){.ssrcs = ssrcs};
    list_init(&sending->viewers);
    list_init(&sending->forwarders);
    sound_init(&sending->sound, ssrcs.audio, sound_sequence, sound_timestamp);
}

static void sending_clear_groups(struct sending *sending)
{
    for (int at = 0; at < sending->group_count; at++)
        send_group_release(sending->groups[at].send_group);
    sending->group_count = 0;
}

void sending_clear(struct sending *sending)
{
    list_each(link, &sending->forwarders)
        forwarder_free(list_entry(link, struct forwarder, link));
    sound_clear(&sending->sound);
    sending_clear_groups(sending);
    free(sending->groups);
}

struct forwarder *sending_forwarder(const struct sending *sending, const struct track *track)
{
    list_each(link, &sending->forwarders) {
        struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        if (forwarder->track == track)
            return forwarder;
    }
    return NULL;
}

/* What viewers are compared by; `live` is where the batch of joining viewers begins to be live. */
struct key {
    const struct forwarder *forwarder;
    struct rewrite_offset offset;
    bool hears, has_live;
    struct hearing hearing;
    uint32_t live;
};

static bool key_equal(const struct key *a, const struct key *b)
{
    return a->forwarder == b->forwarder && rewrite_offset_equal(&a->offset, &b->offset) &&
           a->hears == b->hears && a->hearing.payload_type == b->hearing.payload_type &&
           a->hearing.red == b->hearing.red && a->hearing.offset == b->hearing.offset &&
           a->has_live == b->has_live && a->live == b->live;
}

static size_t key_hash(const struct key *key)
{
    const uint64_t parts[] = {
        (uint64_t)(uintptr_t)key->forwarder,
        (uint64_t)key->offset.timestamp << 32 | (uint64_t)key->offset.sequence << 16 |
            key->offset.pictures.picture,
        (uint64_t)key->live << 32 | (uint64_t)key->hearing.offset << 16 |
            (uint64_t)key->offset.payload_type << 8 | key->hearing.payload_type,
    };
    uint64_t hash = 0;
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++) {
        hash = (hash ^ parts[at]) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

/* Give equal keys equal numbers, in the order of their first occurrence. Returns how many there
 * are; `first` gets the index of each one's first occurrence. */
static int sending_sort(const struct key *keys, int count, int *numbers, int *first)
{
    size_t room = 16;
    while (room < 2 * (size_t)count)
        room *= 2;
    int *table = memory_new(room * sizeof *table); /* a number plus 1, or 0 */
    int found = 0;
    for (int at = 0; at < count; at++) {
        size_t slot = key_hash(&keys[at]) & (room - 1);
        while (table[slot] && !key_equal(&keys[first[table[slot] - 1]], &keys[at]))
            slot = (slot + 1) & (room - 1);
        if (!table[slot]) {
            first[found++] = at;
            table[slot] = found;
        }
        numbers[at] = table[slot] - 1;
    }
    free(table);
    return found;
}

/* Gather the legs of each group, by the groups' numbers of the legs. */
static void sending_gather(struct leg *const *legs, const int *numbers, int count, int group_count,
                           struct send_group **send_groups)
{
    struct leg **gathered = memory_new((size_t)count * sizeof *gathered);
    int *ends = memory_new(((size_t)group_count + 1) * sizeof *ends);
    for (int at = 0; at < count; at++)
        ends[numbers[at] + 1]++;
    for (int group = 0; group < group_count; group++)
        ends[group + 1] += ends[group];
    /* Each entry is where its group begins, and advances to where it ends. */
    for (int at = 0; at < count; at++)
        gathered[ends[numbers[at]]++] = legs[at];
    for (int group = 0, begin = 0; group < group_count; begin = ends[group++])
        send_groups[group] = send_group_new(gathered + begin, ends[group] - begin);
    free(ends);
    free(gathered);
}

/* Return what this viewer gets of what is sent now, and its numbers. */
static struct key sending_key(struct viewer *viewer, const struct sound *sound)
{
    struct key key = {0};
    const struct outgoing *hears = NULL;
    if (sound->codec)
        hears = viewing_of(viewer->viewing.audio, viewer->viewing.audio_count, sound->codec);
    if (hears != NULL) {
        if (!viewer->has_audio_offset) {
            viewer->has_audio_offset = true;
            viewer->audio_offset = rtp_rewrite_base(sound_next_sequence(sound));
            viewer->sound_before = (struct sent){(uint32_t)sound->packets, (uint32_t)sound->octets};
        }
        key.hears = true;
        key.hearing =
            (struct hearing){(uint8_t)hears->payload_type, hears->red, viewer->audio_offset};
    }
    if (viewer->forwarder != NULL && viewer->has_epoch) {
        key.forwarder = viewer->forwarder;
        key.offset = viewer->epoch.offset;
    }
    return key;
}

/* Set, for new viewers, the most frequent offsets of each forwarder; among equal ones, the
 * first. */
static void sending_note_common(struct sending *sending, struct key *keys, int count, int *numbers,
                                int *first)
{
    for (int at = 0; at < count; at++) {
        keys[at].hears = false;
        keys[at].hearing = (struct hearing){0};
    }
    int group_count = sending_sort(keys, count, numbers, first);
    int *sizes = memory_new(((size_t)group_count + 1) * sizeof *sizes);
    for (int at = 0; at < count; at++)
        sizes[numbers[at]]++;
    list_each(link, &sending->forwarders) {
        struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        int most = 0;
        for (int group = 0; group < group_count; group++) {
            if (keys[first[group]].forwarder != forwarder || sizes[group] <= most)
                continue;
            most = sizes[group];
            forwarder->has_common = true;
            forwarder->common = keys[first[group]].offset;
        }
    }
    free(sizes);
}

/* Group the viewers by the numbers that they have for what is sent now. */
static void sending_regroup(struct sending *sending)
{
    sending->stale = false;
    sending_clear_groups(sending);
    int count = 0;
    list_each(link, &sending->viewers)
        count++;
    if (count == 0)
        return;
    struct key *keys = memory_new((size_t)count * sizeof *keys);
    struct leg **legs = memory_new((size_t)count * sizeof *legs);
    int *numbers = memory_new(2 * (size_t)count * sizeof *numbers), *first = numbers + count;
    int at = 0;
    list_each(link, &sending->viewers) {
        struct viewer *viewer = list_entry(link, struct viewer, all);
        keys[at] = sending_key(viewer, &sending->sound);
        legs[at++] = viewer->leg;
    }
    int group_count = sending_sort(keys, count, numbers, first);
    struct send_group **send_groups = memory_new((size_t)group_count * sizeof *send_groups);
    sending_gather(legs, numbers, count, group_count, send_groups);
    if (group_count > sending->group_room) {
        sending->group_room = 2 * group_count;
        sending->groups =
            memory_grow(sending->groups, (size_t)sending->group_room, sizeof *sending->groups);
    }
    for (int group = 0; group < group_count; group++) {
        const struct key *key = &keys[first[group]];
        sending->groups[group] = (struct numbered){(struct forwarder *)key->forwarder, key->offset,
                                                   key->hears, key->hearing, send_groups[group]};
    }
    sending->group_count = group_count;
    sending_note_common(sending, keys, count, numbers, first);
    free(send_groups);
    free(numbers);
    free(legs);
    free(keys);
}

/* Return how many packets of a forwarder are sent now. */
static int sending_due(const struct forwarder *forwarder, bool all)
{
    return all ? forwarder->pending_count : forwarder->whole;
}

void sending_send(struct sending *sending, bool all)
{
    const struct sound *sound = &sending->sound;
    bool any = sound->pending_count > 0;
    list_each(link, &sending->forwarders)
        any |= sending_due(list_entry(link, struct forwarder, link), all) > 0;
    if (!any)
        return;
    if (sending->stale)
        sending_regroup(sending);
    list_each(link, &sending->forwarders) {
        struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        if (sending_due(forwarder, all) > 0)
            forwarder_forget_splices(forwarder);
    }
    for (int at = 0; at < sending->group_count; at++) {
        const struct numbered *group = &sending->groups[at];
        int seen = group->forwarder == NULL ? 0 : sending_due(group->forwarder, all);
        int heard = group->hears ? sound->pending_count : 0;
        if (seen + heard == 0)
            continue;
        struct packet_batch *batch = packet_batch_new(seen + heard);
        if (seen > 0)
            forwarder_write_gathered(batch, group->forwarder, seen, &group->offset,
                                     sending->ssrcs.video);
        if (heard > 0)
            sound_write(sound, batch, &group->hearing);
        if (batch->count > 0) {
            senders_send(group->send_group, batch);
            sending->sent += (long)batch->count * send_group_count(group->send_group);
        }
        packet_batch_release(batch);
    }
    list_each(link, &sending->forwarders) {
        struct forwarder *forwarder = list_entry(link, struct forwarder, link);
        forwarder_drop(forwarder, sending_due(forwarder, all));
    }
    sound_drop(&sending->sound);
}

void sending_send_to(struct sending *sending, struct viewer *const *viewers, int viewer_count,
                     struct packet *const *packets, int count)
{
    if (viewer_count == 0 || count == 0)
        return;
    size_t room = (size_t)viewer_count;
    struct key *keys = memory_new(room * sizeof *keys);
    struct leg **legs = memory_new(room * sizeof *legs);
    int *numbers = memory_new(2 * room * sizeof *numbers), *first = numbers + viewer_count;
    int leg_count = 0;
    uint32_t octets = 0;
    for (int at = 0; at < count; at++)
        octets += packets[at]->size;
    for (int at = 0; at < viewer_count; at++) {
        const struct epoch *epoch = &viewers[at]->epoch;
        if (!viewers[at]->has_epoch)
            continue;
        viewer_count_sent(viewers[at], (uint32_t)count, octets);
        struct key *key = &keys[leg_count];
        *key = (struct key){.offset = epoch->offset};
        key->has_live = epoch_live_of(epoch, packets[0]->timestamp, &key->live);
        legs[leg_count++] = viewers[at]->leg;
    }
    int group_count = sending_sort(keys, leg_count, numbers, first);
    struct send_group **send_groups = memory_new((room + 1) * sizeof *send_groups);
    sending_gather(legs, numbers, leg_count, group_count, send_groups);
    for (int group = 0; group < group_count; group++) {
        const struct key *key = &keys[first[group]];
        struct packet_batch *batch = packet_batch_new(count);
        forwarder_write(batch, packets, count, &key->offset, sending->ssrcs.video,
                        key->has_live ? &key->live : NULL);
        if (batch->count > 0) {
            senders_send(send_groups[group], batch);
            sending->sent += (long)batch->count * send_group_count(send_groups[group]);
        }
        packet_batch_release(batch);
        send_group_release(send_groups[group]);
    }
    free(send_groups);
    free(numbers);
    free(legs);
    free(keys);
}

void sending_report(const struct sending *sending, struct viewer *viewer, double now, double wall,
                    struct rtcp_buffer *out)
{
    const struct sound *sound = &sending->sound;
    struct sender_report report = {.ntp = ntp_of(wall)};
    uint32_t ssrcs[2];
    int count = 0;
    const struct epoch *epoch = NULL;
    if (viewer->has_epoch)
        epoch = &viewer->epoch;
    else if (viewer->past_count > 0)
        /* It waits for the next keyframe: the time of its picture goes on. */
        epoch = &viewer->past[viewer->past_count - 1];
    if (epoch != NULL) {
        report.ssrc = ssrcs[count++] = sending->ssrcs.video;
        report.timestamp =
            track_timestamp_at(epoch->track, now) + epoch->offset.timestamp - epoch->lead;
        struct sent sent = viewer_video(viewer);
        report.packets = sent.packets;
        report.octets = sent.octets;
        rtcp_sender_report(out, &report);
    }
    if (viewer->has_audio_offset && sound_timestamp_at(sound, now, &report.timestamp)) {
        report.ssrc = ssrcs[count++] = sound->ssrc;
        report.packets = (uint32_t)sound->packets - viewer->sound_before.packets;
        report.octets = (uint32_t)sound->octets - viewer->sound_before.octets;
        rtcp_sender_report(out, &report);
    }
    if (count == 0)
        return;
    rtcp_source_description(out, ssrcs, count, "farmlive");
    if (viewer->has_reference) {
        /* From this reply the viewer learns the round trip, and so when to repeat a NACK. */
        viewer->has_reference = false;
        struct reference_reply reply = {
            .ssrc = viewer->reference.ssrc,
            .last = viewer->reference.middle,
            .delay = (uint32_t)(int64_t)nearbyint((now - viewer->reference_at) * NTP_SHORT_SECOND),
        };
        rtcp_reference_reply(out, sending->ssrcs.video, &reply);
    }
}
