/* For LD_PRELOAD: the machine's clock as if someone had set it. It is as many seconds ahead as the
   file that SET_CLOCK names says, a double in the machine's order, which may change at any time.
   Clocks that nobody can set stay as they are. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile double *ahead;

__attribute__((constructor)) static void open_file(void)
{
    const char *name = getenv("SET_CLOCK");
    int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *found = mmap(NULL, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED)
        ahead = found;
    close(file);
}

int clock_gettime(clockid_t which, struct timespec *at)
{
    long answer = syscall(SYS_clock_gettime, which, at);
    if (answer != 0 || ahead == NULL)
        return (int)answer;
    if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)
        at->tv_sec += lround(*ahead);
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    (void)zone;
    struct timespec found;
    int answer = clock_gettime(CLOCK_REALTIME, &found);
    at->tv_sec = found.tv_sec;
    at->tv_usec = found.tv_nsec / 1000;
    return answer;
}

time_t time(time_t *at)
{
    struct timespec found;
    if (clock_gettime(CLOCK_REALTIME, &found) != 0)
        return -1;
    if (at != NULL)
        *at = found.tv_sec;
    return found.tv_sec;
}
