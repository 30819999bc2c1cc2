/* What one connection has not taken yet: a list of frames, each in memory of its own. */
#include "net/send_queue.h"

#include "base/memory.h"

static const double HELD_S = 1.0;

struct frame {
    struct frame *next;
    size_t size;
    bool is_video;
    double at;
    uint8_t data[];
};

/* Take out the frame that this link leads to. */
static void drop(struct frame **link)
{
    struct frame *frame = *link;
    *link = frame->next;
    free(frame);
}

void backlog_clear(struct backlog *backlog)
{
    while (backlog->first)
        drop(&backlog->first);
    *backlog = (struct backlog){0};
}

void backlog_add(struct backlog *backlog, const uint8_t *packet, size_t size, bool is_video,
                 double at)
{
    struct frame *frame = memory_checked(malloc(sizeof *frame + FRAME_HEAD + size));
    frame->next = NULL;
    frame->size = FRAME_HEAD + size;
    frame->is_video = is_video;
    frame->at = at;
    put16(frame->data, (uint16_t)size);
    memcpy(frame->data + FRAME_HEAD, packet, size);
    if (backlog->first)
        backlog->last->next = frame;
    else
        backlog->first = frame;
    backlog->last = frame;
    backlog->size += frame->size;
}

int backlog_next(const struct backlog *backlog, size_t most, struct iovec *parts, int room)
{
    size_t size = 0, begun = backlog->begun;
    int count = 0;
    for (struct frame *frame = backlog->first; frame && count < room; frame = frame->next) {
        size_t left = frame->size - begun;
        if (size && size + left > most)
            break;
        parts[count++] = (struct iovec){.iov_base = frame->data + begun, .iov_len = left};
        size += left;
        begun = 0;
    }
    return count;
}

void backlog_sent(struct backlog *backlog, size_t count)
{
    backlog->size -= count;
    count += backlog->begun;
    while (backlog->first && count >= backlog->first->size) {
        count -= backlog->first->size;
        drop(&backlog->first);
    }
    backlog->begun = count;
}

/* The link to the first frame of which nothing has gone. */
static struct frame **first_whole(struct backlog *backlog)
{
    return backlog->begun ? &backlog->first->next : &backlog->first;
}

static bool is_over(const struct backlog *backlog, const struct frame *oldest, double now)
{
    return (oldest && now - oldest->at > HELD_S) || backlog->size > BACKLOG_MOST;
}

int backlog_trim(struct backlog *backlog, double now)
{
    struct frame **oldest = first_whole(backlog);
    if (!is_over(backlog, *oldest, now))
        return 0;
    int dropped = 0;
    for (struct frame **link = oldest; *link;) {
        if ((*link)->is_video) {
            backlog->size -= (*link)->size;
            drop(link);
            dropped++;
        } else {
            link = &(*link)->next;
        }
    }
    while (*oldest && is_over(backlog, *oldest, now)) {
        backlog->size -= (*oldest)->size;
        drop(oldest);
        dropped++;
    }
    backlog->last = backlog->first;
    while (backlog->last && backlog->last->next)
        backlog->last = backlog->last->next;
    return dropped;
}
