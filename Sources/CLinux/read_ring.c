#include "CLinux.h"

#include <errno.h>
#include <liburing.h>
#include <linux/fs.h>
#include <stdlib.h>

struct clinux_read_ring {
    struct io_uring uring;
};

struct clinux_read_ring *clinux_read_ring_make(int fd, unsigned int capacity) {
    struct clinux_read_ring *ring = malloc(sizeof *ring);
    if (ring == NULL) return NULL;
    int error = io_uring_queue_init(capacity, &ring->uring, 0);
    if (error == 0) {
        // A registered file need not be looked up, nor be counted as in use, for each read.
        error = io_uring_register_files(&ring->uring, &fd, 1);
        if (error >= 0) return ring;
        io_uring_queue_exit(&ring->uring);
    }
    free(ring);
    errno = -error;
    return NULL;
}

void clinux_read_ring_end(struct clinux_read_ring *ring) {
    io_uring_unregister_files(&ring->uring);
    io_uring_queue_exit(&ring->uring);
    free(ring);
}

static void take_results(struct io_uring *uring, unsigned int *missing, unsigned int count, int *results) {
    struct io_uring_cqe *completion;
    while (*missing > 0 && io_uring_peek_cqe(uring, &completion) == 0) {
        if (completion->user_data < count) results[completion->user_data] = completion->res;
        io_uring_cqe_seen(uring, completion);
        *missing -= 1;
    }
}

int clinux_read_ring_read(
    struct clinux_read_ring *ring, const struct iovec *rooms, unsigned int count, int *results) {
    for (unsigned int i = 0; i < count; i++) results[i] = -EAGAIN;
    for (unsigned int i = 0; i < count; i++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
        if (entry == NULL) return -ENOBUFS;
        io_uring_prep_read(entry, 0, rooms[i].iov_base, (unsigned int)rooms[i].iov_len, 0);
        entry->flags = IOSQE_FIXED_FILE;
        entry->rw_flags = RWF_NOWAIT;
        entry->user_data = i;
    }
    for (unsigned int missing = count; missing > 0;) {
        const int result = io_uring_submit_and_wait(&ring->uring, missing);
        if (result < 0 && result != -EINTR) return result;
        take_results(&ring->uring, &missing, count, results);
    }
    // Before Linux 5.7 a TUN device had no reads that never wait.
    return count > 0 && (results[0] == -EOPNOTSUPP || results[0] == -EINVAL) ? results[0] : 0;
}
