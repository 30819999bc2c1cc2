/* A BPF filter for UDP sockets: drops receiver reports that arrive alone, several a second from
 * each viewer, when there is no simulcast that needs them (socket(7), SO_ATTACH_FILTER). As
 * `farmlive.media.engine.python.net.bpf_filter`. */
#ifndef FARMLIVE_BPF_FILTER_H
#define FARMLIVE_BPF_FILTER_H

/* Let a UDP socket get no receiver report that comes alone. */
void bpf_filter_sift(int fd);
/* Let it get what comes again, receiver reports too. */
void bpf_filter_pass_all(int fd);

#endif
