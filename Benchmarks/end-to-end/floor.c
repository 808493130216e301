// What the kernel takes to hand packets over, and nothing else.
//
//   floor tun NAME        read, packet by packet
//   floor raw PROTOCOL    recvmmsg of 64, without control messages and source addresses
//   floor udp PORT        recvmmsg of 64, with both, as AYIYA needs them
//   floor call 0          getppid
//
// Takes all there is for each line that comes in, and answers how many packets that were and the nanoseconds of CPU.

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, SLOT = 2048, CONTROL = 128, CALLS = 100000, QUEUE = 1 << 24 };

static char slots[BATCH][SLOT], controls[BATCH][CONTROL];
static struct sockaddr_in sources[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static int has_details;

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

static long drain_socket(int fd) {
    for (long count = 0;;) {
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){slots[i], SLOT};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
            if (!has_details) continue;
            messages[i].msg_hdr.msg_name = &sources[i];
            messages[i].msg_hdr.msg_namelen = sizeof sources[i];
            messages[i].msg_hdr.msg_control = controls[i];
            messages[i].msg_hdr.msg_controllen = CONTROL;
        }
        int got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        if (got <= 0) return count;
        count += got;
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
    else if (strcmp(argv[1], "raw") == 0) fd = open_socket(SOCK_RAW, atoi(argv[2]), 0);
    else if (strcmp(argv[1], "udp") == 0) fd = open_socket(SOCK_DGRAM, 0, atoi(argv[2]));
    else drain = call;
    for (puts("ready"), fflush(stdout); getchar() != EOF; fflush(stdout)) {
        long started = nanoseconds(), count = drain(fd);
        printf("%ld %ld\n", count, nanoseconds() - started);
    }
}
