/* The filter in classic BPF. Its packet begins with the UDP header. */
#include "net/bpf_filter.h"

#include <linux/filter.h>
#include <sys/socket.h>

enum { UDP_HEADER = 8, RECEIVER_REPORT = 201 };

/* Bytes that SRTCP adds: index and tag, of AES128_CM_SHA1_80 and of AEAD_AES_128_GCM. No longer
 * compound packet can have the length of a single report with either of them. */
enum { TRAILER_CM = 14, TRAILER_GCM = 20 };

static const struct sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
    BPF_STMT(BPF_ST, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UDP_HEADER + 8, 0, 13),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, UDP_HEADER),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xC0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x80, 0, 10),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, UDP_HEADER + 1),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RECEIVER_REPORT, 0, 8),
    /* The length field of a report counts 4-byte words, without the first. */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, UDP_HEADER + 2),
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, UDP_HEADER + 4),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_MEM, 0),
    BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRAILER_CM, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRAILER_GCM, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* If the system has no filters, `demux` drops the reports. */

void bpf_filter_sift(int fd)
{
    struct sock_fprog filter = {
        .len = sizeof program / sizeof *program,
        .filter = (struct sock_filter *)program, /* only read */
    };
    int status = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
    (void)status;
}

void bpf_filter_pass_all(int fd)
{
    int status = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
    (void)status;
}
