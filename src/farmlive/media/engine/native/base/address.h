/* An IPv4 or IPv6 address and port, as socket calls take it. */
#ifndef FARMLIVE_ADDRESS_H
#define FARMLIVE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name;
    socklen_t size;
};

/* Family, address, port and scope are equal; nothing else counts. */
bool address_equal(const struct address *a, const struct address *b);

/* A hash that strangers can't predict: its key is drawn once a process. */
uint64_t address_hash(const struct address *address);

/* Read the socket module's "host" and port; false if they are no address. */
bool address_read(struct address *address, const char *host, unsigned port);

/* Write the host as the socket module does, without a scope; `out` holds INET6_ADDRSTRLEN. */
void address_host(const struct address *address, char *out);

uint16_t address_port(const struct address *address);

#endif
