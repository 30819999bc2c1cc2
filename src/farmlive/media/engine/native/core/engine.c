/* The engine's calls: adds and removes peers and outputs, and starts a peer in its role. */
#include "core/engine.h"

#include "base/memory.h"
#include "core/send_results.h"
#include "core/timers.h"
#include "output/rung_select.h"

/* Creation and destruction. */

static const double CONSENT_S = 30.0, SILENT_S = 3.0;

void engine_init(struct core *core, struct events *events, int send_threads,
                 const struct capture *capture, int reports_bell)
{
    memset(core, 0, sizeof *core);
    core->events = events;
    peer_table_init(&core->peers);
    list_init(&core->outputs);
    list_init(&core->joining);
    list_init(&core->publishing);
    for (int turn = 0; turn < TURNS; turn++)
        list_init(&core->turns[turn]);
    ice_init(&core->ice);
    core->times = (struct times){CONSENT_S, SILENT_S, core->ice.left_after};
    send_feedback_init(&core->send_feedback, reports_bell);
    core->senders = senders_new(send_threads, &core->send_feedback, capture);
}

void engine_clear(struct core *core)
{
    for (struct peer *each; (each = peer_table_next(&core->peers, NULL)) != NULL;)
        engine_remove_peer(core, each->number);
    list_each(link, &core->outputs)
        engine_remove_output(core, list_entry(link, struct output, link)->number);
    senders_free(core->senders);
    send_results_handle(core, 0);
    send_feedback_clear(&core->send_feedback);
    ice_clear(&core->ice);
    free(core->fed);
    peer_table_clear(&core->peers);
}

void engine_set_times(struct core *core, const struct times *times)
{
    core->times = *times;
    core->ice.left_after = times->left_after;
}

/* Let receiver reports through the BPF filter only where they are needed. */
static void hear_reports(struct core *core)
{
    bool layered = core->link_control;
    for (struct peer *each = NULL; (each = peer_table_next(&core->peers, each)) != NULL;)
        layered |= each->publisher != NULL && each->publisher->layer_count > 1;
    if (layered != core->passes_reports) {
        core->passes_reports = layered;
        if (core->hear_reports != NULL)
            core->hear_reports(core->context, layered);
    }
}

void engine_set_link_control(struct core *core, bool link_control)
{
    core->link_control = link_control;
    hear_reports(core);
}

/* Paths of peers. */

static void give_up_own(struct core *core, struct peer *peer)
{
    if (peer->own.port != NULL && core->close_own != NULL)
        core->close_own(core->context, peer);
    peer->own.port = NULL;
}

/* Give the publisher a socket of its own on its current path, and close an earlier one. */
static void own(struct core *core, struct peer *peer)
{
    if (peer->own.port == peer->at.port && address_equal(&peer->own.address, &peer->at.address))
        return;
    give_up_own(core, peer);
    peer->own = peer->at;
    if (core->open_own != NULL)
        core->open_own(core->context, peer);
}

/* Return how many bytes are queued for a viewer. */
static size_t held(const void *context)
{
    const struct peer *peer = context;
    return port_queued_bytes(peer->reached.port, &peer->reached.address);
}

/* Return whether its link is to be estimated: TCP shows by its send queue what the link carries. */
static bool is_by_udp(const struct peer *peer)
{
    return port_transport(peer->at.port) == TRANSPORT_UDP;
}

/* Start a peer that has keys, a validated path and a role. */
static void let_in(struct core *core, struct peer *peer, double now)
{
    if (peer->leg == NULL || !ice_is_proved(peer))
        return;
    if (peer->publisher != NULL) {
        own(core, peer);
    } else if (peer->output == NULL) {
        return;
    } else if (peer->viewer == NULL) {
        peer->reached = peer->at;
        struct viewer *viewer =
            viewer_new(peer->number, &peer->viewing, peer->leg, (struct backpressure){held, peer},
                       peer->rtx_sequence, now, core->link_control && is_by_udp(peer));
        viewer->choice.most = peer->most;
        viewer->adapts &= core->link_control;
        if (!peer->viewing.exempt)
            viewer->ladder.most = peer->most_rung;
        link_estimate_measured(&viewer->link, peer->round_trip_s, now);
        peer->viewer = viewer;
        output_add(peer->output, viewer, now);
        timers_send_sender_report(core, peer, now);
        timers_schedule_bursts(core, now);
        timers_request_keyframes(core, peer->output, now);
    }
    timers_joined(core, peer);
}

void engine_placed(struct core *core, struct peer *peer, double now)
{
    if (peer->leg != NULL)
        senders_move(peer->leg, port_fd(peer->at.port), &peer->at.address);
    if (peer->viewer != NULL) {
        peer->reached = peer->at;
        viewer_moved(peer->viewer, is_by_udp(peer), now);
    } else {
        let_in(core, peer, now);
    }
}

/* The calls. */

void engine_add_peer(struct core *core, uint64_t number, const struct naming *naming, double now)
{
    struct peer *peer = memory_new(sizeof *peer);
    peer->number = number;
    peer->most = -1;
    peer->round_trip_s = -1;
    list_init(&peer->turn);
    list_init(&peer->joining);
    list_init(&peer->publishing);
    peer_table_add(&core->peers, peer);
    ice_add(&core->ice, peer, naming, now);
    timers_add(core, peer);
}

void engine_restart_ice(struct core *core, uint64_t number, const struct naming *naming, double now)
{
    struct peer *peer = core_peer(core, number);
    if (peer != NULL)
        ice_restart(&core->ice, peer, naming, now);
}

void engine_send(struct core *core, uint64_t number, const uint8_t *data, size_t size, double now)
{
    struct peer *peer = core_peer(core, number);
    if (peer != NULL)
        ice_send_record(peer, data, size, now);
}

bool engine_secure(struct core *core, uint64_t number, const struct keys *keys, double now)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL || peer->leg != NULL)
        return false;
    peer->receive = keys->receive;
    peer->tag = keys->tag;
    peer->leg = senders_add(core->senders, number, keys->transmit, keys->tag);
    if (keys->is_gcm)
        senders_use_gcm(peer->leg, gcm_new(keys->master));
    ice_secured(peer);
    if (ice_is_proved(peer))
        senders_move(peer->leg, port_fd(peer->at.port), &peer->at.address);
    let_in(core, peer, now);
    return true;
}

static void stop_watching(struct peer *peer)
{
    if (peer->viewer != NULL) {
        output_remove(peer->output, peer->viewer);
        viewer_free(peer->viewer);
        peer->viewer = NULL;
    }
    peer->output = NULL;
    peer->seconds = 0;
}

/* A peer is a publisher or a viewer: the first call decides. */
static bool has_role(const struct peer *peer)
{
    return peer->publisher != NULL || peer->output != NULL;
}

void engine_remove_peer(struct core *core, uint64_t number)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL)
        return;
    peer_table_remove(&core->peers, peer);
    ice_remove(&core->ice, peer);
    timers_forget(peer);
    give_up_own(core, peer);
    stop_watching(peer);
    struct publisher *publisher = peer->publisher;
    if (publisher != NULL) {
        /* Each output removes itself. */
        while (publisher->listener_count > 0)
            output_drop(output_listening(publisher->listeners[0]), publisher);
        publisher_free(publisher);
        hear_reports(core);
    }
    if (peer->leg != NULL)
        senders_remove(peer->leg);
    free(peer);
}

void engine_add_output(struct core *core, uint64_t number, struct ssrcs ssrcs,
                       uint16_t sound_sequence, uint32_t sound_timestamp)
{
    struct output *output = output_new(number, ssrcs, sound_sequence, sound_timestamp);
    list_add(&core->outputs, &output->link);
}

void engine_remove_output(struct core *core, uint64_t number)
{
    struct output *output = core_output(core, number);
    if (output == NULL)
        return;
    for (struct peer *each = NULL; (each = peer_table_next(&core->peers, each)) != NULL;)
        if (each->output == output)
            stop_watching(each);
    output_put_on_air(output, NULL);
    core->counts.packets_sent += (uint64_t)output->sending.sent;
    core->counts.packets_repaired += (uint64_t)output->rtx.repaired;
    core->counts.packets_unrepaired += (uint64_t)output->rtx.unrepaired;
    core->counts.packets_dropped += (uint64_t)output->dropped;
    list_remove(&output->link);
    output_free(output);
}

void engine_publish(struct core *core, uint64_t number, struct publishing *publishing,
                    uint32_t own_ssrc, double now)
{
    struct peer *peer = core_peer(core, number);
    struct publisher *publisher = publisher_new(publishing, own_ssrc, number);
    if (peer == NULL || has_role(peer)) {
        publisher_free(publisher);
        return;
    }
    peer->publisher = publisher;
    hear_reports(core);
    let_in(core, peer, now);
}

void engine_view(struct core *core, uint64_t number, uint64_t output, const struct viewing *viewing,
                 uint16_t rtx_sequence, double now)
{
    struct peer *peer = core_peer(core, number);
    struct output *watched = core_output(core, output);
    if (peer == NULL || watched == NULL || has_role(peer))
        return;
    peer->output = watched;
    peer->viewing = *viewing;
    peer->rtx_sequence = rtx_sequence;
    let_in(core, peer, now);
}

void engine_put_on_air(struct core *core, uint64_t output, uint64_t number, double now)
{
    struct output *switched = core_output(core, output);
    struct peer *peer = number != 0 ? core_peer(core, number) : NULL;
    struct publisher *publisher = peer != NULL ? peer->publisher : NULL;
    if (switched == NULL || (number != 0 && publisher == NULL))
        return;
    output_put_on_air(switched, publisher);
    if (output_switch_at_once(switched, now))
        timers_schedule_bursts(core, now);
    if (publisher != NULL && switched->on_air == publisher)
        events_push(core->events, EVENT_AIRED, number, output, OBJECTION_NONE, NULL, 0);
    timers_request_keyframes(core, switched, now);
}

void engine_limit_layer(struct core *core, uint64_t number, int most, double now)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL)
        return;
    peer->most = most;
    if (peer->viewer != NULL) {
        peer->viewer->choice.most = most;
        if (output_aim(peer->output, peer->viewer, now))
            timers_request_keyframes(core, peer->output, now);
    }
}

void engine_limit_rung(struct core *core, uint64_t number, enum rung most)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL)
        return;
    peer->most_rung = most;
    if (peer->viewer != NULL)
        rung_select_limit(&peer->output->catch_up, peer->viewer, most);
}

/* Queries. */

bool engine_viewer_health(struct core *core, uint64_t number, double now, struct watching *watching)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL || peer->viewer == NULL)
        return false;
    const struct viewer *viewer = peer->viewer;
    const struct publisher *source = peer->output->on_air;
    *watching = (struct watching){
        .layer = viewer->has_epoch ? viewer->epoch.track->layer : 0,
        .layers = source != NULL ? source->layer_count : 0,
        .loss = choice_recent_loss(&viewer->choice, now),
        .estimated_kbps = viewer->link.state == LINK_NARROW ? viewer->link.kbps : -1,
        .link = viewer->link.state,
        .rung = viewer_gets(viewer),
        .dropped = viewer->slow.dropped,
        .transport = peer->at.port != NULL ? port_transport(peer->at.port) : TRANSPORT_UDP,
    };
    return true;
}

bool engine_place(const struct core *core, uint64_t number, struct address *address,
                  enum transport *transport)
{
    const struct peer *peer = core_peer(core, number);
    if (peer == NULL || peer->at.port == NULL)
        return false;
    *address = peer->at.address;
    *transport = port_transport(peer->at.port);
    return true;
}

bool engine_health(struct core *core, uint64_t number, struct health *health,
                   enum transport *transport)
{
    struct peer *peer = core_peer(core, number);
    if (peer == NULL || peer->publisher == NULL)
        return false;
    *health = peer->publisher->health;
    *transport = peer->at.port != NULL ? port_transport(peer->at.port) : TRANSPORT_UDP;
    return true;
}

void engine_counters(struct core *core, struct counters *counters)
{
    *counters = core->counts;
    list_each(link, &core->outputs) {
        const struct output *output = list_entry(link, struct output, link);
        counters->packets_sent += (uint64_t)output->sending.sent;
        counters->packets_repaired += (uint64_t)output->rtx.repaired;
        counters->packets_unrepaired += (uint64_t)output->rtx.unrepaired;
        counters->packets_dropped += (uint64_t)output->dropped;
        list_each(each, &output->sending.viewers)
            counters->packets_dropped +=
                (uint64_t)list_entry(each, struct viewer, all)->slow.dropped;
    }
    counters->packets_failed = senders_failed(core->senders);
    /* Senders report failures later than the packets were counted. */
    counters->packets_sent =
        counter_net(&core->packets_sent_told, counters->packets_sent, counters->packets_failed);
}
