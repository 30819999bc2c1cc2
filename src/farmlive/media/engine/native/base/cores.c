/* CPU affinity and time slices, by Linux system calls. */
#include "base/cores.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/sched/types.h; C libraries define it only late. */
struct sched_attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

struct cores cores_of_caller(void)
{
    struct cores cores = {0};
    if (sched_getaffinity(0, sizeof cores.each, &cores.each) == 0)
        cores.count = CPU_COUNT(&cores.each);
    return cores;
}

void cores_keep(const struct cores *cores, pthread_t thread, int number)
{
    for (size_t core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &cores->each) || number-- > 0)
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        pthread_setaffinity_np(thread, sizeof one, &one);
        return;
    }
}

void cores_let_go(const struct cores *cores, pthread_t thread)
{
    pthread_setaffinity_np(thread, sizeof cores->each, &cores->each);
}

void cores_hurry(int turn)
{
    struct sched_attributes is = {.size = sizeof is};
    if (syscall(SYS_sched_getattr, 0, &is, sizeof is, 0) != 0 || is.policy != SCHED_OTHER)
        return;
    is.size = sizeof is;
    is.flags = 0;
    is.runtime = (uint64_t)turn;
    syscall(SYS_sched_setattr, 0, &is, 0);
}
