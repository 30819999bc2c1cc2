/* User name fragment and password of one end of ICE (RFC 8839, section 5.4). */
#ifndef FARMLIVE_CREDENTIALS_H
#define FARMLIVE_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

enum { CREDENTIAL_MOST = 256 };

struct credentials {
    size_t ufrag_size, password_size;
    uint8_t ufrag[CREDENTIAL_MOST], password[CREDENTIAL_MOST];
};

#endif
