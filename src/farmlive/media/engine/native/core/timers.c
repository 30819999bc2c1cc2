/* Timers.
 *
 * Always holds: `timers_due` covers everything that `timers_run` does, so that nothing waits for
 * another event; in each second each peer has its turn in one of TURNS ticks. */
#include "core/timers.h"

#include <math.h>

#include "ingest/feedback.h"
#include "ingest/health_meter.h"

/* Interval of feedback to publishers; in each tick a tenth of the peers have their turn. */
static const double TICK_S = 0.1;
/* How long a tick may wait for another wake-up. */
static const double SLACK_S = 0.03;
/* How long requests to a publisher, and packets of an incomplete frame, are collected. */
static const double REQUEST_S = 0.01, GATHER_S = 0.0015;
/* A keyframe request that can wait is due so long after its time, whatever was rounded. */
static const double AFTER_S = 0.001;

enum {
    TICKS_A_REPORT = 5,
    /* A viewer gets this many sender reports a second apart, to synchronize audio and video, then
     * one every five seconds (RFC 3550, section 6.2). */
    FIRST_REPORTS = 5,
    SECONDS_A_REPORT = 5,
};

/* The peers. */

void timers_add(struct core *core, struct peer *peer)
{
    list_add(&core->turns[peer->number % TURNS], &peer->turn);
    list_add(&core->joining, &peer->joining);
    if (core->read_at_once != NULL)
        core->read_at_once(core->context);
}

void timers_joined(struct core *core, struct peer *peer)
{
    list_remove(&peer->joining);
    if (peer->publisher != NULL && list_is_empty(&peer->publishing))
        list_add(&core->publishing, &peer->publishing);
}

void timers_forget(struct peer *peer)
{
    list_remove(&peer->joining);
    list_remove(&peer->publishing);
    list_remove(&peer->turn);
}

/* Feedback and requests. */

/* Protect and send a compound packet to a peer with keys, in parts that fit into datagrams. */
static void send_rtcp(const struct peer *peer, const struct rtcp_buffer *buffer)
{
    if (peer->leg == NULL)
        return;
    size_t part;
    for (size_t at = 0; (part = rtcp_part(buffer, at)) > 0; at += part)
        senders_send_rtcp(peer->leg, buffer->data + at, part);
}

void timers_schedule_request(struct core *core, struct publisher *publisher, double now)
{
    struct peer *peer = core_peer(core, publisher->peer);
    if (publisher->asking || peer == NULL || list_is_empty(&peer->publishing))
        return;
    publisher->asking = true;
    publisher->ask_at = now + REQUEST_S;
}

void timers_request_keyframes(struct core *core, struct output *output, double now)
{
    struct publisher *each[] = {output->on_air, output->following};
    for (size_t at = 0; at < 2; at++)
        if (each[at] != NULL && publisher_wanted(each[at]))
            timers_schedule_request(core, each[at], now);
}

void timers_schedule_bursts(struct core *core, double now)
{
    if (!core->is_catching_up) {
        core->is_catching_up = true;
        core->packet_batch_at = now;
    }
}

static void request(struct peer *peer, double now)
{
    struct rtcp_buffer buffer = {0};
    feedback_request(peer->publisher, now, &buffer);
    send_rtcp(peer, &buffer);
}

void timers_send_sender_report(struct core *core, struct peer *peer, double now)
{
    if (peer->output == NULL || peer->viewer == NULL)
        return;
    packet_train_report_left(&peer->viewer->train, now);
    struct rtcp_buffer buffer = {0};
    sending_report(&peer->output->sending, peer->viewer, now, now + core->wall_at_zero, &buffer);
    send_rtcp(peer, &buffer);
}

uint32_t timers_ntp_middle(const struct core *core, double now)
{
    return (uint32_t)(ntp_of(now + core->wall_at_zero) >> 16);
}

/* The tick. */

/* Probe and check links of an output's viewers; return whether any is probed. */
static bool probe(struct core *core, struct output *output, double now)
{
    bool is_probed = output_probe(output, now);
    list_each(link, &output->catch_up.probing) {
        struct viewer *viewer = list_entry(link, struct viewer, probing);
        struct peer *peer = core_peer(core, viewer->peer);
        if (peer != NULL && link_probe_wants_check(&viewer->choice.watch, now) &&
            ice_check_link(&core->ice, peer, now))
            link_probe_asked(&viewer->choice.watch, now);
    }
    return is_probed;
}

static void look(struct core *core, double now)
{
    core->is_probing = false;
    list_each(link, &core->publishing) {
        struct publisher *publisher = list_entry(link, struct peer, publishing)->publisher;
        if (publisher_look(publisher, now))
            publisher_tell_layers(publisher, now);
    }
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        if (probe(core, output, now)) {
            core->is_probing = true;
            if (core->read_at_once != NULL)
                core->read_at_once(core->context);
            timers_schedule_bursts(core, now);
        }
        if (output->following != NULL) {
            uint64_t peer = output->following->peer;
            if (output_switch_to_audio_only(output, now))
                events_push(core->events, EVENT_AIRED, peer, output->number, OBJECTION_NONE, NULL,
                            0);
        }
        if (output->following != NULL || !list_is_empty(&output->catch_up.waiting) ||
            !list_is_empty(&output->catch_up.moving) ||
            !list_is_empty(&output->catch_up.catching)) {
            output_want_keyframes(output, now);
            if (!list_is_empty(&output->catch_up.catching))
                timers_schedule_bursts(core, now);
        }
    }
}

/* Schedule the keyframe request that can wait for when it is due, if that is before the next tick:
 * who gets keyframes alone sees nothing else meanwhile. */
static void schedule_patient_request(struct publisher *publisher, double now)
{
    double within_s = publisher_patient_for_s(publisher, now);
    if (0 < within_s && within_s < TICK_S && !publisher->is_patient) {
        publisher->is_patient = true;
        publisher->patient_until = now + (within_s + AFTER_S);
    }
}

static void tell_publishers(struct core *core, double now)
{
    bool report = core->ticks % TICKS_A_REPORT == 0;
    uint64_t wall = ntp_of(now + core->wall_at_zero);
    list_each(link, &core->publishing) {
        struct peer *peer = list_entry(link, struct peer, publishing);
        if (publisher_last_at(peer->publisher) > 0) {
            struct rtcp_buffer buffer = {0};
            feedback_write(peer->publisher, now, report, wall, &buffer);
            send_rtcp(peer, &buffer);
            schedule_patient_request(peer->publisher, now);
        }
    }
}

static void second(struct core *core, struct peer *peer, double now)
{
    struct publisher *publisher = peer->publisher;
    double alive = peer->checked_at;
    if (publisher != NULL) {
        /* Media with the right key proves liveness as well as a check does: some publishers send
         * checks only at the start. */
        double last_at = publisher_last_at(publisher);
        alive = fmax(alive, last_at);
        health_meter_measure(publisher, now);
        if (peer->flowing && now - last_at > core->times.silent) {
            peer->flowing = false;
            events_push(core->events, EVENT_SILENT, peer->number, 0, OBJECTION_NONE, NULL, 0);
        }
    } else if (peer->viewer != NULL) {
        if (output_each_second(peer->output, peer->viewer, now))
            timers_request_keyframes(core, peer->output, now);
        peer->seconds++;
        bool usual = peer->seconds <= FIRST_REPORTS || peer->seconds % SECONDS_A_REPORT == 0;
        if (catch_up_wants_sender_report(peer->viewer, usual, now))
            timers_send_sender_report(core, peer, now);
    }
    if (now - alive > core->times.consent && !peer->lost) {
        peer->lost = true;
        events_push(core->events, EVENT_LOST, peer->number, 0, OBJECTION_NONE, NULL, 0);
    }
}

/* Send a report on no stream. */
static void send_nothing(const struct peer *peer, uint32_t ssrc)
{
    struct rtcp_buffer buffer = {0};
    rtcp_receiver_report(&buffer, ssrc, NULL, 0);
    send_rtcp(peer, &buffer);
}

/* Leave no viewer without a packet for more than half a second: clients take silence for a lost
 * path and look for another one. */
static void keep_awake(struct core *core)
{
    bool somebody = false;
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        output->is_quiet = output->has_sent_before && output->sending.sent == output->sent_before;
        output->has_sent_before = true;
        output->sent_before = output->sending.sent;
        somebody |= output->is_quiet || !list_is_empty(&output->catch_up.waiting);
    }
    if (core->ticks % TICKS_A_REPORT == 0) {
        list_each(link, &core->publishing) {
            struct peer *peer = list_entry(link, struct peer, publishing);
            if (publisher_last_at(peer->publisher) <= 0)
                send_nothing(peer, peer->publisher->own_ssrc);
        }
    }
    if (!somebody)
        return;
    for (unsigned long turn = core->ticks; turn <= core->ticks + TURNS / 2; turn += TURNS / 2) {
        list_each(link, &core->turns[turn % TURNS]) {
            struct peer *peer = list_entry(link, struct peer, turn);
            struct viewer *viewer = peer->viewer;
            if (peer->output != NULL &&
                (peer->output->is_quiet || (viewer != NULL && viewer->is == VIEWER_WAITING)))
                send_nothing(peer, peer->output->sending.ssrcs.video);
        }
    }
}

static void tick(struct core *core, double now)
{
    core->tick_due = fmax(core->tick_due + TICK_S, now);
    core->ticked_at = now;
    core->ticks++;
    ice_look(&core->ice, now);
    look(core, now);
    tell_publishers(core, now);
    list_each(link, &core->turns[core->ticks % TURNS])
        second(core, list_entry(link, struct peer, turn), now);
    keep_awake(core);
}

void timers_start(struct core *core, double wall, double now)
{
    core->wall_at_zero = wall - now;
    core->is_started = true;
    core->tick_due = now;
    tick(core, now);
}

/* Periodic work. */

void timers_after_reading(struct core *core, double now)
{
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        if (!output->is_fed)
            continue;
        output->is_fed = false;
        output->has_flush = output_send_whole(output);
        output->flush_at = now + GATHER_S;
    }
    if (core->is_started && now >= core->tick_due)
        tick(core, now);
}

double timers_due(const struct core *core)
{
    double due = core->is_started ? core->ticked_at + TICK_S + SLACK_S : INFINITY;
    if (core->is_catching_up)
        due = fmin(due, core->packet_batch_at);
    list_each(link, &core->outputs) {
        const struct output *output = list_entry(link, struct output, link);
        if (output->has_flush)
            due = fmin(due, output->flush_at);
    }
    list_each(link, &core->publishing) {
        const struct publisher *publisher = list_entry(link, struct peer, publishing)->publisher;
        if (publisher->asking)
            due = fmin(due, publisher->ask_at);
        if (publisher->is_patient)
            due = fmin(due, publisher->patient_until);
    }
    return due;
}

void timers_measure_links(struct core *core, struct output *output, double now)
{
    list_each(link, &output->catch_up.measuring) {
        struct viewer *viewer = list_entry(link, struct viewer, measuring);
        struct peer *peer = core_peer(core, viewer->peer);
        list_remove(&viewer->measuring);
        if (peer != NULL)
            timers_send_sender_report(core, peer, now);
    }
}

static void pump(struct core *core, double now)
{
    int count = 0;
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        output_send_bursts(output, now);
        timers_measure_links(core, output, now);
        list_each(place, &output->catch_up.catching)
            count++;
        if (core->is_probing)
            count += probe(core, output, now);
    }
    core->is_catching_up = count > 0;
    core->packet_batch_at = now + catch_up_interval_s(count);
}

void timers_run(struct core *core, double now)
{
    list_each(link, &core->outputs) {
        struct output *output = list_entry(link, struct output, link);
        if (output->has_flush && output->flush_at <= now) {
            output->has_flush = false;
            output_flush(output);
        }
    }
    if (core->is_catching_up && core->packet_batch_at <= now)
        pump(core, now);
    list_each(link, &core->publishing) {
        struct peer *peer = list_entry(link, struct peer, publishing);
        struct publisher *publisher = peer->publisher;
        if (publisher->asking && publisher->ask_at <= now) {
            publisher->asking = false;
            request(peer, now);
        }
        if (publisher->is_patient && publisher->patient_until <= now) {
            publisher->is_patient = false;
            request(peer, now);
        }
    }
    if (core->is_started && core->ticked_at + TICK_S + SLACK_S <= now) {
        /* Nothing has woken us in time: then viewers' datagrams must. */
        if (core->read_at_once != NULL)
            core->read_at_once(core->context);
        tick(core, now);
    }
}
