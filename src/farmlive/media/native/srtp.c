/* Where libsrtp's functions lie. Always holds: set once, before any thread reads it. */
#include "srtp.h"

struct srtp_functions srtp;
