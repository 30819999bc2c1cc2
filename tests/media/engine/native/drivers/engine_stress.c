/* The whole engine with its threads, under the thread and address sanitizers: this thread is
 * Python's event loop, and all clients; another one asks how they do. Publishers and viewers come,
 * move and go by chance, by UDP and TCP, and strangers send what they like.
 *
 *     engine_stress SEND_THREADS SECONDS [SEED]
 *
 * The engine's clock runs sixteen times as fast, so that what is due after half a minute comes; it
 * is started and stopped some times. Status 1: a viewer got what is not for it, nothing came at
 * all, or the sessions of a peer were not given back exactly once. */
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/engine.h"
#include "engine_guests.h"
#include "engine_orders.h"
#include "loop/loop.h"

enum { GUESTS = 40, OUTPUTS = 4, PEERS_MOST = 1 << 20 };

static const double LIFE_S = 5;

static struct guest guests[GUESTS];
static uint64_t outputs[OUTPUTS], numbers;
static struct keyring **keyrings; /* by the number of the peer that has them */
static unsigned long given, freed, told[EVENT_FREED + 1];
static bool has_gcm;
static struct doors doors;
static struct events events;
static struct commands commands;
static struct loop *loop;

/* Orders. */

static struct order *order_of(uint64_t peer)
{
    struct order *order = memory_new(sizeof *order);
    order->peer = peer;
    order->output = outputs[draw(OUTPUTS)];
    order->most = draw(4) - 1;
    order->drawn = (uint32_t)draw(1 << 30);
    return order;
}

static void post(struct order *order, void (*run)(struct core *, struct command *, double))
{
    order->command.run = run;
    commands_post(&commands, &order->command);
}

/* Who asks, from another thread, and waits for the answer. */

struct ask {
    struct command command;
    uint64_t peer;
    struct watching watching;
    struct health health;
    enum transport transport;
    struct counters counters;
};

static atomic_bool asks;
static atomic_ulong asked_of; /* about the newest peer */
static struct counters counted;

static void run_ask(struct core *core, struct command *command, double now)
{
    struct ask *ask = (struct ask *)command;
    engine_viewer_health(core, ask->peer, now, &ask->watching);
    engine_health(core, ask->peer, &ask->health, &ask->transport);
    engine_counters(core, &ask->counters);
}

static void *ask_on(void *nothing)
{
    for (unsigned long back = 0; atomic_load(&asks); back = (back + 7) % GUESTS) {
        struct ask ask = {.command.run = run_ask};
        unsigned long newest = atomic_load(&asked_of);
        ask.peer = newest > back ? newest - back : 1;
        commands_await(&commands, &ask.command);
        if (ask.counters.datagrams_received)
            counted = ask.counters;
        usleep(300);
    }
    return nothing;
}

/* Who comes and goes. */

static void join(struct guest *guest)
{
    if (numbers + OUTPUTS >= PEERS_MOST)
        return;
    guest_begin(guest, ++numbers, draw(5) == 0);
    atomic_store(&asked_of, numbers);
    struct order *order = order_of(guest->number);
    order->naming = guest_naming(guest);
    post(order, run_add_peer);
}

static void secure(struct guest *guest, uint64_t number)
{
    struct keyring *keyring = keyrings[number] = guest_keys(guest);
    struct order *order = order_of(number);
    order->keys =
        (struct keys){.transmit = &keyring->transmit, .receive = &keyring->receive, .tag = TAG};
    if (has_gcm && draw(2)) {
        guest->has_gcm = order->keys.is_gcm = true;
        for (int at = 0; at < GCM_MASTER; at++)
            order->keys.master[at] = (uint8_t)draw(256);
    }
    given++;
    guest->is_secured = true;
    post(order, run_secure);
}

static void leave(struct guest *guest)
{
    bool is_rude = draw(2), is_late = !guest->is_secured && draw(2);
    uint64_t number = guest->number;
    if (is_rude)
        guest_hang_up(guest);
    post(order_of(number), run_remove_peer);
    if (is_late) /* its handshake is done just now */
        secure(guest, number);
    guest_hang_up(guest);
    guest->number = 0;
}

static struct publishing *what_it_publishes(const struct guest *guest)
{
    struct publishing *publishing = memory_new(sizeof *publishing);
    *publishing = (struct publishing){.holders = 1,
                                      .count = 2,
                                      .transport_cc = CONGESTION,
                                      .rid = RID,
                                      .repaired_rid = REPAIRED_RID,
                                      .capture_time = CAPTURE_TIME};
    struct incoming *video = &publishing->tracks[0], *sound = &publishing->tracks[1];
    video->is_video = video->nack = video->pli = true;
    video->clock_rate = 90000;
    sound->clock_rate = 48000;
    for (int at = 0; at < publishing->count; at++) {
        memset(publishing->tracks[at].repairs, -1, PAYLOAD_TYPES);
        memset(publishing->tracks[at].red, -1, PAYLOAD_TYPES);
    }
    video->codecs[VIDEO] = CODEC_VP8;
    video->codecs[H264] = CODEC_H264;
    video->repairs[RTX] = VIDEO;
    sound->codecs[SOUND] = CODEC_OPUS;
    sound->red[RED] = SOUND;
    if (guest->is_layered) {
        video->layers = 2;
        video->rids[0][0] = 'l';
        video->rids[1][0] = 'h';
    }
    return publishing;
}

static void take_part(struct guest *guest)
{
    struct order *order = order_of(guest->number);
    guest->has_part = true;
    if (guest->publishes) {
        order->publishing = what_it_publishes(guest);
        post(order, run_publish);
        order = order_of(guest->number);
        post(order, run_put_on_air);
        return;
    }
    order->viewing.video_count = 1 + draw(2);
    order->viewing.audio_count = 1;
    order->viewing.video[0] = (struct outgoing){CODEC_VP8, 120, draw(4) ? 121 : -1, -1};
    order->viewing.video[1] = (struct outgoing){CODEC_H264, 122, -1, -1};
    order->viewing.audio[0] = (struct outgoing){CODEC_OPUS, 109, -1, draw(2) ? 110 : -1};
    post(order, run_view);
}

/* One step of a guest on its way, or what it does when it is there. */
static void step(struct guest *guest)
{
    if (guest->number == 0) {
        if (draw(4) == 0)
            join(guest);
        return;
    }
    int what = draw(1000);
    if (what < 3 && (!guest->is_mute || guest->fd < 0))
        leave(guest);
    else if ((what < 6 && !guest->is_mute) || guest->fd < 0)
        guest_move(guest, &doors), guest_check(guest);
    else if (what < 60 && !guest->is_secured)
        secure(guest, guest->number);
    else if (what < 120 && !guest->has_part)
        take_part(guest);
    else if (guest->is_secured || what < 200)
        guest_say(guest);
    guest_hear(guest);
}

static void renew_output(int at)
{
    struct order *order;
    if (outputs[at]) {
        order = order_of(0);
        order->output = outputs[at];
        post(order, run_remove_output);
    }
    outputs[at] = ++numbers;
    order = order_of(0);
    order->output = outputs[at];
    post(order, run_add_output);
}

/* What Python asks beside joins and leaves; of anyone, and of who is gone, too. */
static void order_something(void)
{
    struct guest *guest = &guests[draw(GUESTS)];
    uint64_t number = draw(20) ? guest->number : (uint64_t)draw((int)numbers + 1);
    struct order *order = order_of(number);
    switch (draw(8)) {
    case 0:
        order->peer = guest->is_mute ? 0 : guest->number;
        if (order->peer)
            guest_rename(guest);
        order->naming = guest_naming(guest);
        post(order, run_restart_ice);
        break;
    case 1:
        post(order, run_send);
        break;
    case 2:
    case 3:
        post(order, run_put_on_air);
        break;
    case 4:
        free(order);
        if (draw(30) == 0)
            renew_output(draw(OUTPUTS));
        stranger(&doors);
        break;
    default:
        post(order, run_prefer);
        break;
    }
}

/* What is told. */

static void hear(void)
{
    uint64_t rung;
    (void)!read(events.bell, &rung, sizeof rung);
    for (struct event *event = events_take(&events), *next; event; event = next) {
        next = event->next;
        told[event->kind]++;
        for (int at = 0; event->kind == EVENT_LOST && at < GUESTS; at++)
            if (guests[at].number == event->peer)
                leave(&guests[at]);
        if (event->kind == EVENT_FREED) {
            if (event->peer > numbers || !keyrings[event->peer]) {
                fprintf(stderr, "the sessions of %llu are free again\n",
                        (unsigned long long)event->peer);
                exit(1);
            }
            free(keyrings[event->peer]);
            keyrings[event->peer] = NULL;
            freed++;
        }
        free(event);
    }
}

/* A life of the engine. */
static bool live(int send_threads, double until)
{
    pthread_t asker;
    if (!doors_open(&doors))
        return false;
    events_init(&events, eventfd(0, EFD_NONBLOCK));
    commands_init(&commands, eventfd(0, EFD_NONBLOCK));
    struct loop_options options = {.udp = doors.udp,
                                   .tcp = doors.tcp,
                                   .udp_count = PORTS,
                                   .tcp_count = PORTS,
                                   .send_threads = send_threads,
                                   .wall = 1.79e9};
    loop = loop_start(&options, &events, &commands);
    atomic_store(&asks, true);
    if (!loop || pthread_create(&asker, NULL, ask_on, NULL))
        return false;
    for (int at = 0; at < OUTPUTS; at++)
        renew_output(at);
    for (unsigned long turn = 0; turn % 64 || seconds() < until; turn++) {
        step(&guests[draw(GUESTS)]);
        if (turn % 16 == 0)
            order_something();
        if (turn % 32 == 0)
            hear();
        if (turn % 64 == 0)
            usleep(200);
    }
    unsigned long long refused = loop_refused(loop);
    loop_stop(loop); /* while someone asks */
    atomic_store(&asks, false);
    pthread_join(asker, NULL);
    hear();
    for (int at = 0; at < GUESTS; at++)
        guest_hang_up(&guests[at]);
    memset(outputs, 0, sizeof outputs);
    for (int at = 0; at < GUESTS; at++)
        guests[at].number = 0;
    int bells[] = {events.bell, commands.bell};
    commands_clear(&commands);
    events_clear(&events);
    close(bells[0]);
    close(bells[1]);
    printf("a life: %llu datagrams, %llu packets in, %llu out, %llu repaired, %llu refused\n",
           (unsigned long long)counted.datagrams_received,
           (unsigned long long)counted.packets_received, (unsigned long long)counted.packets_sent,
           (unsigned long long)counted.packets_repaired, refused);
    return true;
}

int main(int count, char **arguments)
{
    int send_threads = count > 1 ? atoi(arguments[1]) : 0;
    double begun = seconds(), lasts = count > 2 ? atof(arguments[2]) : 5;
    draw_from(count > 3 ? strtoul(arguments[3], NULL, 10) : 1);
    guests_protect();
    has_gcm = guests_have_gcm();
    keyrings = memory_new(PEERS_MOST * sizeof *keyrings);
    for (int at = 0; at < GUESTS; at++)
        guests[at].fd = -1;
    for (double now; (now = seconds()) < begun + lasts;)
        if (!live(send_threads, now + LIFE_S < begun + lasts ? now + LIFE_S : begun + lasts))
            return 1;
    printf("%lu peers secured, %s, %lu freed; clients sent %lu, got %lu answers, %lu checks, %lu "
           "records, "
           "%lu packets, %lu of RTCP, %lu of others\n",
           given, has_gcm ? "some by OpenSSL alone" : "without OpenSSL", freed, account.sent,
           account.answers, account.checks, account.records, account.media, account.control,
           account.foreign);
    for (int kind = 0; kind <= EVENT_FREED; kind++)
        printf("%lu ", told[kind]);
    printf("told\n");
    free(keyrings);
    /* A port that was another's may bring what was for that one: the more, the later a busy machine
     * lets the engine hear that the other has left. An engine that mixed two up would be far off.
     */
    return given != freed || !account.media || !account.control || !account.records ||
           !account.checks || account.foreign > account.media / 100;
}
