/* The addresses of libsrtp's functions. Always holds: set once, before any thread reads them. */
#include "send/srtp.h"

struct srtp_functions srtp;
