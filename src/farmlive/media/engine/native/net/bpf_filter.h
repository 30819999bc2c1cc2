/* A BPF filter for UDP sockets: drops receiver reports that come alone, several a second from each
 * viewer, when there is no simulcast that needs them (socket(7), SO_ATTACH_FILTER). As
 * `farmlive.media.engine.python.net.bpf_filter`. */
#ifndef FARMLIVE_BPF_FILTER_H
#define FARMLIVE_BPF_FILTER_H

/* Attach the filter: drop receiver reports that come alone on this UDP socket. */
void bpf_filter_sift(int fd);
/* Detach the filter: let receiver reports through again. */
void bpf_filter_pass_all(int fd);

#endif
