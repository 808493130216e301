// What the kernel takes to hand packets over, and nothing else.
//
//   floor tun NAME        read, packet by packet
//   floor ring NAME       read, 64 packets a system call (io_uring), into memory that the kernel keeps in place
//   floor raw PROTOCOL    recvmmsg of 64, without control messages and source addresses
//   floor udp PORT        recvmmsg of 64, with both, as AYIYA needs them
//   floor call 0          getppid
//   floor join NAME       recvmmsg of 64 of protocol 41, and what came to a TUN device as if it were one TCP stream, after a
//                         sum of all octets, as checksums take it: the kernel writes new ones, so that old ones must be right
//   floor runs NAME       read so, and to a UDP port as one message (UDP_SEGMENT), unsigned
//
// Nothing else is done with a packet: what the last two take is what no program can be below.
//
// Takes all there is for each line that comes in, and answers how many packets that were and the nanoseconds of CPU.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Slots of 37 lines of the cache: those of a power of two would begin in the same few.
enum { BATCH = 64, SLOT = 37 * 64, CONTROL = 128, CALLS = 100000, QUEUE = 1 << 24 };
// Headers: of outer IPv4, and of inner IPv6. A unit is as many segments as a packet of 64 KB has room for.
enum { OUTER = 20, INNER = 40, UNIT = 45 };
// In front of what is sent: as much as AYIYA's header has.
enum { FRONT = 44, PORT = 5072, REMOTE = 0xcb007101 };

static char slots[BATCH][SLOT], controls[BATCH][CONTROL];
static struct sockaddr_in sources[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static int has_details;
static int tun = -1;
static struct io_uring ring;
static volatile uint64_t sum;

// Ends the program unless a system call went well.
static int check(int result, const char *what) {
    if (result >= 0) return result;
    perror(what);
    exit(1);
}

static int open_tun(const char *name) {
    int fd = check(open("/dev/net/tun", O_RDWR | O_NONBLOCK), "/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    check(ioctl(fd, TUNSETIFF, &request), "TUNSETIFF");
    check(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO6), "TUNSETOFFLOAD");
    return fd;
}

static int open_ring(int fd) {
    errno = -io_uring_queue_init(BATCH, &ring, 0);
    check(-errno, "io_uring_setup");
    errno = -io_uring_register_files(&ring, &fd, 1);
    check(-errno, "io_uring_register");
    const struct iovec all = {slots, sizeof slots};
    errno = -io_uring_register_buffers(&ring, &all, 1);
    check(-errno, "io_uring_register");
    return fd;
}

static int open_socket(int type, int protocol, int port) {
    int fd = check(socket(AF_INET, type | SOCK_NONBLOCK, protocol), "socket");
    int size = QUEUE, on = 1;
    check(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), "SO_RCVBUFFORCE");
    if (port == 0) return fd;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    check(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), "IP_PKTINFO");
    check(setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on), "IP_RECVTOS");
    has_details = 1;
    return fd;
}

static long drain_tun(int fd) {
    long count = 0;
    while (read(fd, slots[count % BATCH], SLOT) > 0) count++;
    return count;
}

// Reads a packet into each slot, behind as many octets, and answers how many came.
static int read_ring(int front, int lengths[BATCH]) {
    for (int i = 0; i < BATCH; i++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
        io_uring_prep_read_fixed(entry, 0, slots[i] + front, SLOT - front, 0, 0);
        entry->flags = IOSQE_FIXED_FILE;
        entry->rw_flags = RWF_NOWAIT;
        entry->user_data = i;
    }
    check(io_uring_submit_and_wait(&ring, BATCH), "io_uring_enter");
    int got = 0;
    struct io_uring_cqe *completion;
    for (int i = 0; i < BATCH && io_uring_peek_cqe(&ring, &completion) == 0; i++) {
        lengths[completion->user_data] = completion->res;
        got += completion->res > 0;
        io_uring_cqe_seen(&ring, completion);
    }
    return got;
}

static long drain_ring(int fd) {
    (void)fd;
    int lengths[BATCH], got;
    long count = 0;
    do count += got = read_ring(0, lengths);
    while (got == BATCH);
    return count;
}

static int receive(int fd) {
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){slots[i], SLOT};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        if (!has_details) continue;
        messages[i].msg_hdr.msg_name = &sources[i];
        messages[i].msg_hdr.msg_namelen = sizeof sources[i];
        messages[i].msg_hdr.msg_control = controls[i];
        messages[i].msg_hdr.msg_controllen = CONTROL;
    }
    return recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
}

static long drain_socket(int fd) {
    for (long count = 0;;) {
        int got = receive(fd);
        if (got <= 0) return count;
        count += got;
    }
}

// Hands segments of one size to the TUN device, the first one's headers in front of them all.
static void write_unit(int first, int count) {
    char *packet = slots[first] + OUTER;
    const int headers = INNER + ((unsigned char)packet[INNER + 12] >> 4) * 4;
    const int payload = messages[first].msg_len - OUTER - headers;
    const uint16_t length = htons(headers - INNER + count * payload);
    struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .hdr_len = headers,
        .gso_size = payload, .csum_start = INNER, .csum_offset = 16};
    struct iovec parts[UNIT + 1] = {{&header, sizeof header}, {packet, headers + payload}};
    if (count == 1) header = (struct virtio_net_hdr){0};
    memcpy(packet + 4, &length, sizeof length);
    for (int i = 1; i < count; i++)
        parts[i + 1] = (struct iovec){slots[first + i] + OUTER + headers, payload};
    check(writev(tun, parts, count + 1), "writev");
}

static void add_octets(const char *octets, unsigned count) {
    uint64_t total = 0;
    for (unsigned i = 0; i + sizeof total <= count; i += sizeof total) {
        uint64_t word;
        memcpy(&word, octets + i, sizeof word);
        total += word;
    }
    sum += total;
}

static long join(int fd) {
    for (long count = 0;;) {
        int got = receive(fd);
        if (got <= 0) return count;
        for (int i = 0; i < got; i++) add_octets(slots[i], messages[i].msg_len);
        for (int i = 0; i < got; i += UNIT) write_unit(i, got - i < UNIT ? got - i : UNIT);
        count += got;
    }
}

static void send_run(int fd, int count) {
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(REMOTE)}};
    char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct msghdr message = {
        .msg_name = &remote, .msg_namelen = sizeof remote, .msg_iov = vectors, .msg_iovlen = count,
        .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *segment = CMSG_FIRSTHDR(&message);
    const uint16_t size = vectors[0].iov_len;
    segment->cmsg_level = SOL_UDP;
    segment->cmsg_type = UDP_SEGMENT;
    segment->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(segment), &size, sizeof size);
    check(sendmsg(fd, &message, 0), "sendmsg");
}

static long runs(int fd) {
    const int header = sizeof(struct virtio_net_hdr);
    for (long count = 0;;) {
        int lengths[BATCH];
        const int got = read_ring(FRONT, lengths);
        for (int i = 0; i < got; i++) vectors[i] = (struct iovec){slots[i] + header, lengths[i] - header + FRONT};
        if (got > 0) send_run(fd, got);
        count += got;
        if (got < BATCH) return count;
    }
}

static long call(int fd) {
    (void)fd;
    for (long i = 0; i < CALLS; i++) syscall(SYS_getppid);
    return CALLS;
}

static long nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long (*drain)(int) = drain_socket;
    int fd = -1;
    if (strcmp(argv[1], "tun") == 0) drain = drain_tun, fd = open_tun(argv[2]);
    else if (strcmp(argv[1], "ring") == 0) drain = drain_ring, fd = open_ring(open_tun(argv[2]));
    else if (strcmp(argv[1], "raw") == 0) fd = open_socket(SOCK_RAW, atoi(argv[2]), 0);
    else if (strcmp(argv[1], "udp") == 0) fd = open_socket(SOCK_DGRAM, 0, atoi(argv[2]));
    else if (strcmp(argv[1], "join") == 0) drain = join, tun = open_tun(argv[2]), fd = open_socket(SOCK_RAW, IPPROTO_IPV6, 0);
    else if (strcmp(argv[1], "runs") == 0) drain = runs, tun = open_ring(open_tun(argv[2])), fd = open_socket(SOCK_DGRAM, 0, 0);
    else drain = call;
    for (puts("ready"), fflush(stdout); getchar() != EOF; fflush(stdout)) {
        long started = nanoseconds(), count = drain(fd);
        printf("%ld %ld\n", count, nanoseconds() - started);
    }
    // Otherwise the device would stay a while longer than the program.
    if (ring.ring_fd > 0) io_uring_unregister_files(&ring);
}
