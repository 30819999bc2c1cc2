/* A disk and a clock that fail on command, put before the C library by LD_PRELOAD.
 *
 * FAULTY_FOLDER: the folder whose disk it is. What is written there counts as kept only once its
 * file was synced: with each fsync or fdatasync the file, as it is then, is copied into
 * FAULTY_SHADOW under the number of its inode. Who ends the processes and puts those copies back in
 * the files' place has lost power. Names count as kept at once, as where a file system has a
 * journal of them.
 *
 * FAULTY_STATE: a file that all map, with four int64: by how many nanoseconds the time of day is
 * wrong, whether the disk is full, how many times a file was synced, and whether it can't be.
 *
 * No part of the server: only the bench that ends it by force, and its tests, use this.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct state {
    int64_t wrong_ns, full, syncs, fails;
};

static char folder[PATH_MAX], shadow[PATH_MAX];
static size_t folder_length;
static volatile struct state *state;

/* A function as an address: ISO C has no such conversion, POSIX has (dlsym(3)). */
#define REAL(name) (__extension__(__typeof__(&name)) next(#name))

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void set_up(void)
{
    const char *of = getenv("FAULTY_FOLDER"), *copies = getenv("FAULTY_SHADOW");
    const char *shared = getenv("FAULTY_STATE");
    if (of == NULL || copies == NULL || shared == NULL) {
        return;
    }
    snprintf(folder, sizeof folder, "%s/", of);
    snprintf(shadow, sizeof shadow, "%s", copies);
    int file = open(shared, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    void *at = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (at != MAP_FAILED) {
        state = at;
        folder_length = strlen(folder);
    }
}

static int ours(int file)
{
    char link[64], path[PATH_MAX];
    if (folder_length == 0) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    return length > 0 && (size_t)length >= folder_length &&
           memcmp(path, folder, folder_length) == 0;
}

static int full(int file)
{
    if (state == NULL || state->full == 0 || !ours(file)) {
        return 0;
    }
    errno = ENOSPC;
    return 1;
}

/* Whatever goes wrong here would make the bench lie. */
static void give_up(const char *what)
{
    dprintf(2, "faulty: %s: %s\n", what, strerror(errno));
    abort();
}

/* A descriptor that reads a file of ours which is open as `file`.
 *
 * A process that closes any descriptor of a file lets go of all POSIX locks that it has on it
 * (fcntl(2)), by which SQLite knows who uses a database: another one would then take itself for the
 * last, and delete the log under the first. So a file is read by the descriptor that was synced;
 * where that one only writes, by one that is opened once for each file and never closed.
 */
static int reader_of(int file, const struct stat *about)
{
    static struct reader {
        dev_t device;
        ino_t inode;
        int file;
        struct reader *next;
    } *readers;
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    int flags = fcntl(file, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_WRONLY) {
        return file;
    }
    pthread_mutex_lock(&turn);
    struct reader *found = readers;
    while (found != NULL && (found->device != about->st_dev || found->inode != about->st_ino)) {
        found = found->next;
    }
    if (found == NULL) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        found = malloc(sizeof *found);
        if (found == NULL) {
            give_up("no memory");
        }
        *found = (struct reader){about->st_dev, about->st_ino, open(path, O_RDONLY | O_CLOEXEC),
                                 readers};
        if (found->file < 0) {
            give_up("a file can't be read");
        }
        readers = found;
    }
    pthread_mutex_unlock(&turn);
    return found->file;
}

static void keep(int file)
{
    char path[PATH_MAX + 32], block[1 << 16];
    struct stat about;
    if (!ours(file) || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        return;
    }
    int from = reader_of(file, &about);
    snprintf(path, sizeof path, "%s/%llu", shadow, (unsigned long long)about.st_ino);
    int to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (to < 0) {
        give_up("a file can't be copied");
    }
    /* One after the other, or an older copy could overwrite a newer one. */
    while (flock(to, LOCK_EX) != 0) {
    }
    off_t at = 0;
    ssize_t got;
    while ((got = pread(from, block, sizeof block, at)) > 0) {
        if (REAL(pwrite)(to, block, (size_t)got, at) != got) {
            give_up("a copy can't be written");
        }
        at += got;
    }
    if (got < 0) {
        give_up("a file can't be read");
    }
    if (REAL(ftruncate)(to, at) != 0) {
        give_up("a copy can't be cut");
    }
    close(to);
    __atomic_add_fetch(&state->syncs, 1, __ATOMIC_RELAXED);
}

static int fails(int file)
{
    if (state == NULL || state->fails == 0 || !ours(file)) {
        return 0;
    }
    errno = EIO;
    return 1;
}

int fsync(int file)
{
    int failed = fails(file) ? -1 : REAL(fsync)(file);
    if (failed == 0) {
        keep(file);
    }
    return failed;
}

int fdatasync(int file)
{
    int failed = fails(file) ? -1 : REAL(fdatasync)(file);
    if (failed == 0) {
        keep(file);
    }
    return failed;
}

ssize_t write(int file, const void *data, size_t size)
{
    return full(file) ? -1 : REAL(write)(file, data, size);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at)
{
    return full(file) ? -1 : REAL(pwrite)(file, data, size, at);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at)
{
    return full(file) ? -1 : REAL(pwrite64)(file, data, size, at);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    return full(file) ? -1 : REAL(writev)(file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at)
{
    return full(file) ? -1 : REAL(pwritev)(file, parts, count, at);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at)
{
    return full(file) ? -1 : REAL(pwritev64)(file, parts, count, at);
}

int posix_fallocate(int file, off_t at, off_t size)
{
    return full(file) ? ENOSPC : REAL(posix_fallocate)(file, at, size);
}

int posix_fallocate64(int file, off64_t at, off64_t size)
{
    return full(file) ? ENOSPC : REAL(posix_fallocate64)(file, at, size);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static __typeof__(&clock_gettime) real;
    if (real == NULL) {
        real = REAL(clock_gettime);
    }
    int failed = real(clock, now);
    if (failed == 0 && state != NULL &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t all = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + state->wrong_ns;
        now->tv_sec = all / 1000000000;
        now->tv_nsec = all % 1000000000;
    }
    return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec at;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &at) != 0) {
        return -1;
    }
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec at;
    if (clock_gettime(CLOCK_REALTIME, &at) != 0) {
        return -1;
    }
    if (now != NULL) {
        *now = at.tv_sec;
    }
    return at.tv_sec;
}
