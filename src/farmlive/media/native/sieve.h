/* What the kernel throws away for us: receiver reports that come alone, several a second from each
 * viewer, from which nothing follows where there are no layers to choose from (socket(7),
 * SO_ATTACH_FILTER). As `farmlive.media.sieve`. */
#ifndef FARMLIVE_SIEVE_H
#define FARMLIVE_SIEVE_H

/* Let a UDP socket get no receiver report that comes alone. */
void sieve_sift(int fd);
/* Let it get what comes again, receiver reports too. */
void sieve_pass_all(int fd);

#endif
