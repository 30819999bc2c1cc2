/* The frames that one connection has not taken yet: a list, each in its own memory. */
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

/* Remove the frame that this link points to. */
static void drop(struct frame **link)
{
    struct frame *frame = *link;
    *link = frame->next;
    free(frame);
}

void send_queue_clear(struct send_queue *send_queue)
{
    while (send_queue->first)
        drop(&send_queue->first);
    *send_queue = (struct send_queue){0};
}

void send_queue_add(struct send_queue *send_queue, const uint8_t *packet, size_t size,
                    bool is_video, double at)
{
    struct frame *frame = memory_checked(malloc(sizeof *frame + FRAME_HEAD + size));
    frame->next = NULL;
    frame->size = FRAME_HEAD + size;
    frame->is_video = is_video;
    frame->at = at;
    put16(frame->data, (uint16_t)size);
    memcpy(frame->data + FRAME_HEAD, packet, size);
    if (send_queue->first)
        send_queue->last->next = frame;
    else
        send_queue->first = frame;
    send_queue->last = frame;
    send_queue->size += frame->size;
}

int send_queue_next(const struct send_queue *send_queue, size_t most, struct iovec *parts, int room)
{
    size_t size = 0, begun = send_queue->begun;
    int count = 0;
    for (struct frame *frame = send_queue->first; frame && count < room; frame = frame->next) {
        size_t left = frame->size - begun;
        if (size && size + left > most)
            break;
        parts[count++] = (struct iovec){.iov_base = frame->data + begun, .iov_len = left};
        size += left;
        begun = 0;
    }
    return count;
}

void send_queue_sent(struct send_queue *send_queue, size_t count)
{
    send_queue->size -= count;
    count += send_queue->begun;
    while (send_queue->first && count >= send_queue->first->size) {
        count -= send_queue->first->size;
        drop(&send_queue->first);
    }
    send_queue->begun = count;
}

/* Return the link to the first frame that is wholly unsent. */
static struct frame **first_whole(struct send_queue *send_queue)
{
    return send_queue->begun ? &send_queue->first->next : &send_queue->first;
}

static bool is_over(const struct send_queue *send_queue, const struct frame *oldest, double now)
{
    return (oldest && now - oldest->at > HELD_S) || send_queue->size > SEND_QUEUE_MOST;
}

int send_queue_trim(struct send_queue *send_queue, double now)
{
    struct frame **oldest = first_whole(send_queue);
    if (!is_over(send_queue, *oldest, now))
        return 0;
    int dropped = 0;
    for (struct frame **link = oldest; *link;) {
        if ((*link)->is_video) {
            send_queue->size -= (*link)->size;
            drop(link);
            dropped++;
        } else {
            link = &(*link)->next;
        }
    }
    while (*oldest && is_over(send_queue, *oldest, now)) {
        send_queue->size -= (*oldest)->size;
        drop(oldest);
        dropped++;
    }
    send_queue->last = send_queue->first;
    while (send_queue->last && send_queue->last->next)
        send_queue->last = send_queue->last->next;
    return dropped;
}
