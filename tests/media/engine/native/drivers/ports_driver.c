/* Drives ICE, the table by address, the send queue and the deframer of the native engine by a
 * script from standard input, one call a line, and prints what each call returns or sends. */
#include "base/memory.h"
#include "core/ice.h"
#include "driver.h"
#include "net/connection.h"
#include "net/send_queue.h"

enum { PORTS = 2, PEERS = 8, DATA_MOST = 1 << 17, PARTS_MOST = 1024 };

static struct ice ice;
static struct port *ports[PORTS];
static struct peer *peers[PEERS];
static struct table table;
static struct send_queue send_queue;
static struct deframer deframer;
static uint8_t data[DATA_MOST];

/* No port here has connections. */
void connection_close(struct connection *connection)
{
    (void)connection;
    abort();
}
void connection_close_all(struct port *port) { (void)port; }
void connection_send(struct connection *connection, const uint8_t *packet, size_t size, double now)
{
    (void)connection, (void)packet, (void)size, (void)now;
    abort();
}
int connection_stream(struct connection *connection, const uint8_t *packet, size_t size,
                      bool is_video, double now)
{
    (void)connection, (void)packet, (void)size, (void)is_video, (void)now;
    abort();
}
void connection_flush(struct connection *connection, double now) { (void)connection, (void)now; }
size_t connection_held(const struct connection *connection) { return connection != NULL; }

static struct address address(void)
{
    struct address read;
    const char *host = word();
    if (!address_read(&read, host, (unsigned)integer()))
        abort();
    return read;
}

/* Bytes in hexadecimal, behind a point. */
static size_t bytes(void) { return read_bytes(word() + 1, data, sizeof data); }

static struct credentials credentials(void)
{
    struct credentials read = {0};
    const char *ufrag = word(), *password = word();
    read.ufrag_size = strlen(ufrag);
    read.password_size = strlen(password);
    memcpy(read.ufrag, ufrag, read.ufrag_size);
    memcpy(read.password, password, read.password_size);
    return read;
}

static void print_data(const uint8_t *at, size_t size)
{
    printf(".");
    print_hex(at, size);
}

static void print_place(const struct port *port, const struct address *at)
{
    char host[INET6_ADDRSTRLEN];
    address_host(at, host);
    printf(" %d/%s/%u", port == ports[1], host, address_port(at));
}

static void keep(void *context, const struct address *to, const uint8_t *sent, size_t size)
{
    struct port **port = context;
    printf("sent");
    print_place(*port, to);
    printf(" ");
    print_data(sent, size);
    printf("\n");
}

/* ICE. */

static void print_peer(struct peer *peer)
{
    printf("peer %d %d %.17g %.17g %d at", peer->credentials_count, peer->renewed, peer->checked_at,
           peer->selected_at, ice_is_proved(peer));
    if (peer->at.port)
        print_place(peer->at.port, &peer->at.address);
    printf(" of");
    for (int i = 0; i < peer->path_count; i++) {
        const struct path *path = &peer->paths[i];
        print_place(path->place.port, &path->place.address);
        printf(" %d %zu %zu %d", path->validated, path->received, path->sent, path->has_greeted);
    }
    printf("\n");
}

/* Both ends' credentials, of which the peer's may be unknown, and a secret. */
static struct naming naming(void)
{
    struct naming read = {.local = credentials()};
    read.remote = credentials();
    read.has_remote = strcmp((char *)read.remote.ufrag, "-") != 0;
    memset(read.secret, 's', sizeof read.secret);
    return read;
}

static bool drive_ice(const char *call)
{
    if (strcmp(call, "add") == 0) {
        long long which = integer();
        struct naming names = naming();
        struct peer *peer = peers[which] = memory_new(sizeof *peer);
        peer->number = (uint64_t)which;
        ice_add(&ice, peer, &names, real());
    } else if (strcmp(call, "restart") == 0) {
        struct peer *peer = peers[integer()];
        struct naming names = naming();
        ice_restart(&ice, peer, &names, real());
    } else if (strcmp(call, "remove") == 0) {
        long long which = integer();
        ice_remove(&ice, peers[which]);
        free(peers[which]);
        peers[which] = NULL;
    } else if (strcmp(call, "heard") == 0) {
        struct peer *peer = peers[integer()];
        peer->heard_at = real();
    } else if (strcmp(call, "cut") == 0) {
        struct peer *peer = peers[integer()];
        struct port *port = ports[integer()];
        struct address from = address();
        ice_cut_off(peer, port, &from);
    } else if (strcmp(call, "check") == 0) {
        struct checked checked;
        struct port *port = ports[integer()];
        struct address from = address();
        size_t size = bytes();
        struct peer *peer = ice_check(&ice, port, data, size, &from, real(), &checked);
        if (peer)
            printf("checked %d %d %d %.17g\n", (int)peer->number, checked.first, checked.moved,
                   checked.asked_at);
        else
            printf("nobody\n");
    } else if (strcmp(call, "link") == 0) {
        struct peer *peer = peers[integer()];
        printf("link %d\n", ice_check_link(&ice, peer, real()));
    } else if (strcmp(call, "look") == 0) {
        ice_look(&ice, real());
    } else if (strcmp(call, "came") == 0) {
        struct peer *peer = peers[integer()];
        struct port *port = ports[integer()];
        struct address from = address();
        size_t size = bytes();
        ice_record_came(peer, port, &from, data, size);
    } else if (strcmp(call, "tell") == 0) {
        struct peer *peer = peers[integer()];
        size_t size = bytes();
        ice_send_record(peer, data, size, real());
    } else if (strcmp(call, "secured") == 0) {
        ice_secured(peers[integer()]);
    } else if (strcmp(call, "whose") == 0) {
        struct port *port = ports[integer()];
        struct address from = address();
        const struct peer *peer = port_peer(port, &from);
        printf("%d\n", peer ? (int)peer->number : -1);
    } else if (strcmp(call, "state") == 0) {
        printf("names %zu\n", ice.names.count);
        for (int i = 0; i < PEERS; i++)
            if (peers[i])
                print_peer(peers[i]);
    } else {
        return false;
    }
    return true;
}

/* The rest. */

static bool drive_table(const char *call)
{
    if (strcmp(call, "put") == 0) {
        struct address at = address();
        table_put(&table, &at, peers + integer());
    } else if (strcmp(call, "get") == 0 || strcmp(call, "take") == 0) {
        struct address at = address();
        struct peer **found = call[0] == 'g' ? table_get(&table, &at) : table_take(&table, &at);
        printf("%d of %zu\n", found ? (int)(found - peers) : -1, table.count);
    } else {
        return false;
    }
    return true;
}

static bool drive_stream(const char *call)
{
    if (strcmp(call, "keep") == 0) {
        size_t size = bytes();
        bool is_video = integer();
        send_queue_add(&send_queue, data, size, is_video, real());
        printf("%zu\n", send_queue.size);
    } else if (strcmp(call, "next") == 0) {
        static struct iovec parts[PARTS_MOST];
        int count = send_queue_next(&send_queue, (size_t)integer(), parts, PARTS_MOST);
        printf(".");
        for (int i = 0; i < count; i++)
            print_hex(parts[i].iov_base, parts[i].iov_len);
        printf("\n");
    } else if (strcmp(call, "gone") == 0) {
        send_queue_sent(&send_queue, (size_t)integer());
        printf("%zu\n", send_queue.size);
    } else if (strcmp(call, "trim") == 0) {
        int dropped = send_queue_trim(&send_queue, real());
        printf("%d %zu\n", dropped, send_queue.size);
    } else if (strcmp(call, "feed") == 0) {
        uint8_t *at = data, *packet;
        size_t left = bytes(), size;
        enum framed framed;
        while ((framed = deframer_next(&deframer, &at, &left, &packet, &size)) == FRAMED_PACKET) {
            print_data(packet, size);
            printf(" ");
        }
        printf("%s\n", framed == FRAMED_TOO_LONG ? "too long" : "");
    } else if (strcmp(call, "anew") == 0) {
        deframer = (struct deframer){0};
    } else {
        return false;
    }
    return true;
}

/* A packet that was meant for a connection, through a UDP socket. */
static bool drive_socket(const char *call)
{
    if (strcmp(call, "late") != 0)
        return false;
    struct address at = address();
    size_t size = bytes();
    struct port *port = port_new(TRANSPORT_UDP, socket(AF_INET, SOCK_DGRAM, 0), NULL);
    printf("%d dropped\n", port_stream(port, &at, data, size, true, 0));
    port_free(port);
    return true;
}

int main(void)
{
    static char line[2 * DATA_MOST + 128];
    ice_init(&ice);
    for (int i = 0; i < PORTS; i++) {
        const struct sink sink = {keep, &ports[i]};
        ports[i] = port_new(TRANSPORT_UDP, -1, &sink);
    }
    while (fgets(line, sizeof line, stdin)) {
        const char *call = first_word(line);
        if (!drive_ice(call) && !drive_table(call) && !drive_stream(call) && !drive_socket(call))
            abort();
    }
    for (int i = 0; i < PEERS; i++)
        if (peers[i])
            ice_remove(&ice, peers[i]);
    for (int i = 0; i < PORTS; i++)
        port_free(ports[i]);
    for (int i = 0; i < PEERS; i++)
        free(peers[i]);
    ice_clear(&ice);
    table_clear(&table);
    send_queue_clear(&send_queue);
    return 0;
}
