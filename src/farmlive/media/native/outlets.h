/* Sockets that only send: one owner's, each beside a shared one and on the same port.
 *
 * By one that is connected the kernel counts what it sends itself, where it looks for a number for
 * each destination of the shared one; and no two owners write into one socket's account. That is 3
 * % of sending by one thread, and 9 % by two. It is connected to itself, from where nothing comes,
 * and tells each datagram where to go. */
#ifndef FARMLIVE_OUTLETS_H
#define FARMLIVE_OUTLETS_H

enum { OUTLETS_MOST = 16 };

/* All zeros is an empty one. */
struct outlets {
    int count;
    struct outlet {
        int shared, fd;
    } each[OUTLETS_MOST];
};

/* What to send by in the place of this socket: itself, where there can be no other. Called in the
 * thread that opens sockets beside others (beside.h). */
int outlets_of(struct outlets *outlets, int shared);
/* Close them; nobody sends any more. */
void outlets_close(struct outlets *outlets);

#endif
