/* Stands for the senders where outputs are driven by a script: each packet that is handed over is
 * printed in plain text, a line each: ">", the peer's number and the packet. */
#ifndef PLAIN_SENDERS_H
#define PLAIN_SENDERS_H

#include "send/senders.h"

#endif
