#include "CLinux.h"

#include <errno.h>
#include <liburing.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdlib.h>

struct clinux_ring {
    struct io_uring uring;
    // What the kernel keeps in place; nothing for NULL.
    const void *pinned;
    size_t pinned_length;
};

// Refuses a kernel that can't do what is wanted: to read nothing takes no packet.
static int probe(struct clinux_ring *ring) {
    const struct iovec nothing = {.iov_base = NULL, .iov_len = 0};
    int result;
    const int error = clinux_ring_transfer(ring, CLINUX_RING_READ, &nothing, 1, &result);
    return error < 0 ? error : result == -EAGAIN ? 0 : result;
}

struct clinux_ring *clinux_ring_make(int fd, unsigned int capacity) {
    struct clinux_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) return NULL;
    int error = io_uring_queue_init(capacity, &ring->uring, 0);
    if (error == 0) {
        // A registered file need not be looked up, nor be counted as in use, for each read.
        error = io_uring_register_files(&ring->uring, &fd, 1);
        if (error >= 0) error = probe(ring);
        if (error >= 0) return ring;
        io_uring_queue_exit(&ring->uring);
    }
    free(ring);
    errno = -error;
    return NULL;
}

int clinux_ring_pin(struct clinux_ring *ring, void *memory, size_t length) {
    const struct iovec all = {.iov_base = memory, .iov_len = length};
    const int error = io_uring_register_buffers(&ring->uring, &all, 1);
    if (error < 0) return error;
    ring->pinned = memory;
    ring->pinned_length = length;
    return 0;
}

void clinux_ring_end(struct clinux_ring *ring) {
    if (ring->pinned != NULL) io_uring_unregister_buffers(&ring->uring);
    io_uring_unregister_files(&ring->uring);
    io_uring_queue_exit(&ring->uring);
    free(ring);
}

static int is_pinned(const struct clinux_ring *ring, const struct iovec *part) {
    const size_t offset = (uintptr_t)part->iov_base - (uintptr_t)ring->pinned;
    return ring->pinned != NULL && offset < ring->pinned_length && part->iov_len <= ring->pinned_length - offset;
}

static unsigned char operation(int direction, int is_pinned) {
    if (direction == CLINUX_RING_READ) return is_pinned ? IORING_OP_READ_FIXED : IORING_OP_READ;
    return is_pinned ? IORING_OP_WRITE_FIXED : IORING_OP_WRITE;
}

static void take_results(struct io_uring *uring, unsigned int *missing, unsigned int count, int *results) {
    struct io_uring_cqe *completion;
    while (*missing > 0 && io_uring_peek_cqe(uring, &completion) == 0) {
        if (completion->user_data < count) results[completion->user_data] = completion->res;
        io_uring_cqe_seen(uring, completion);
        *missing -= 1;
    }
}

int clinux_ring_transfer(
    struct clinux_ring *ring, int direction, const struct iovec *parts, unsigned int count, int *results) {
    for (unsigned int i = 0; i < count; i++) results[i] = -EAGAIN;
    for (unsigned int i = 0; i < count; i++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
        if (entry == NULL) return -ENOBUFS;
        const int op = operation(direction, is_pinned(ring, &parts[i]));
        // The only registered file, and the only registered buffer.
        io_uring_prep_rw(op, entry, 0, parts[i].iov_base, (unsigned int)parts[i].iov_len, 0);
        entry->buf_index = 0;
        entry->flags = IOSQE_FIXED_FILE;
        entry->rw_flags = RWF_NOWAIT;
        entry->user_data = i;
    }
    for (unsigned int missing = count; missing > 0;) {
        const int result = io_uring_submit_and_wait(&ring->uring, missing);
        if (result < 0 && result != -EINTR) return result;
        take_results(&ring->uring, &missing, count, results);
    }
    return 0;
}
