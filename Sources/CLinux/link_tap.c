#include "CLinux.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

_Static_assert(sizeof(struct virtio_net_hdr) == CLINUX_TAP_HEADER_LENGTH, "offload headers have another length");

// A classic BPF program that is being written. Its parts end with returns of their own, so that jumps stay short.
enum { MOST_STEPS = BPF_MAXINSNS, REJECTED = 0 };

struct filter {
    struct sock_filter steps[MOST_STEPS];
    unsigned int count;
};

static unsigned int jump(struct filter *filter, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    const unsigned int place = filter->count;
    if (place < MOST_STEPS) {
        filter->steps[place] = (struct sock_filter)BPF_JUMP(code, value, if_true, if_false);
        filter->count = place + 1;
    }
    return place;
}

static unsigned int step(struct filter *filter, uint16_t code, uint32_t value) {
    return jump(filter, code, value, 0, 0);
}

static void reject(struct filter *filter) {
    step(filter, BPF_RET | BPF_K, REJECTED);
}

static void accept_packet(struct filter *filter) {
    step(filter, BPF_RET | BPF_K, CLINUX_TAP_SNAPSHOT);
}

static void reject_unless(struct filter *filter, uint32_t value) {
    jump(filter, BPF_JMP | BPF_K | BPF_JEQ, value, 1, 0);
    reject(filter);
}

static void accept_if(struct filter *filter, uint16_t condition, uint32_t value) {
    jump(filter, BPF_JMP | BPF_K | condition, value, 0, 1);
    accept_packet(filter);
}

static void load(struct filter *filter, uint16_t size, uint32_t offset) {
    step(filter, BPF_LD | BPF_ABS | size, offset);
}

// Begins what is done if the accumulator has a value; the answer goes to end_if, which everything behind it is skipped to if not.
static unsigned int begin_if(struct filter *filter, uint32_t value) {
    jump(filter, BPF_JMP | BPF_K | BPF_JEQ, value, 1, 0);
    return step(filter, BPF_JMP | BPF_JA, 0);
}

static void end_if(struct filter *filter, unsigned int place) {
    if (place < MOST_STEPS) filter->steps[place].k = filter->count - place - 1;
}

// Carries of a sum of 16-bit words, added once; the sum is in X.
static void fold(struct filter *filter) {
    step(filter, BPF_MISC | BPF_TXA, 0);
    step(filter, BPF_ALU | BPF_AND | BPF_K, 0xffff);
    step(filter, BPF_ST, 0);
    step(filter, BPF_MISC | BPF_TXA, 0);
    step(filter, BPF_ALU | BPF_RSH | BPF_K, 16);
    step(filter, BPF_LDX | BPF_MEM, 0);
    step(filter, BPF_ALU | BPF_ADD | BPF_X, 0);
    step(filter, BPF_MISC | BPF_TAX, 0);
}

// Takes an inner IPv6 packet, at an offset, whose checksum may be unfinished: its field has nothing but the sum of the
// pseudo-header (RFC 8200 section 8.1), or it is not seen from here where the field is. And one that no single packet is as
// long as.
static void judge_inner(struct filter *filter, uint32_t at) {
    enum { LENGTH = 4, NEXT_HEADER = 6, ADDRESSES = 8, HEADER = 40, TCP_CHECKSUM = 16, UDP_CHECKSUM = 6 };
    static const uint8_t unseen[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE};
    load(filter, BPF_B, at);
    step(filter, BPF_ALU | BPF_AND | BPF_K, 0xf0);
    reject_unless(filter, 0x60);
    step(filter, BPF_LD | BPF_W | BPF_LEN, 0);
    accept_if(filter, BPF_JGT, CLINUX_TAP_LONG);
    load(filter, BPF_B, at + NEXT_HEADER);
    for (size_t i = 0; i < sizeof unseen; i++) accept_if(filter, BPF_JEQ, unseen[i]);
    jump(filter, BPF_JMP | BPF_K | BPF_JEQ, IPPROTO_TCP, 2, 0);
    reject_unless(filter, IPPROTO_UDP);
    step(filter, BPF_MISC | BPF_TAX, 0);
    for (uint32_t offset = ADDRESSES - 2; offset < HEADER; offset += 2) {
        load(filter, BPF_H, at + (offset < ADDRESSES ? LENGTH : offset));
        step(filter, BPF_ALU | BPF_ADD | BPF_X, 0);
        step(filter, BPF_MISC | BPF_TAX, 0);
    }
    fold(filter);
    fold(filter);
    load(filter, BPF_B, at + NEXT_HEADER);
    jump(filter, BPF_JMP | BPF_K | BPF_JEQ, IPPROTO_TCP, 0, 2);
    load(filter, BPF_H, at + HEADER + TCP_CHECKSUM);
    step(filter, BPF_JMP | BPF_JA, 1);
    load(filter, BPF_H, at + HEADER + UDP_CHECKSUM);
    jump(filter, BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1);
    accept_packet(filter);
    reject(filter);
}

// GRE of version 0 with IPv6 inside; a checksum, a key and a sequence number have 4 octets each (RFC 2784, RFC 2890).
static void judge_gre(struct filter *filter, uint32_t at) {
    enum { OPTIONS = 0xb000 };
    load(filter, BPF_H, at + 2);
    reject_unless(filter, ETH_P_IPV6);
    load(filter, BPF_H, at);
    step(filter, BPF_ALU | BPF_AND | BPF_K, (uint16_t)~OPTIONS);
    reject_unless(filter, 0);
    // How many options there are.
    step(filter, BPF_LDX | BPF_IMM, 0);
    for (uint32_t bit = 12; bit <= 15; bit++) {
        load(filter, BPF_H, at);
        step(filter, BPF_ALU | BPF_RSH | BPF_K, bit);
        step(filter, BPF_ALU | BPF_AND | BPF_K, 1);
        step(filter, BPF_ALU | BPF_ADD | BPF_X, 0);
        step(filter, BPF_MISC | BPF_TAX, 0);
    }
    for (uint32_t options = 0; options <= 3; options++) {
        const unsigned int place = begin_if(filter, options);
        judge_inner(filter, at + 4 + 4 * options);
        end_if(filter, place);
    }
    reject(filter);
}

static void judge_outer(struct filter *filter, uint32_t at, uint16_t ether_type) {
    enum { FRAGMENT = 6, PROTOCOL = 9, NEXT_HEADER = 6 };
    const int is_ipv4 = ether_type == ETH_P_IP;
    const uint32_t length = is_ipv4 ? 20 : 40;
    if (is_ipv4) {
        load(filter, BPF_B, at);
        reject_unless(filter, 0x45);
        load(filter, BPF_H, at + FRAGMENT);
        step(filter, BPF_ALU | BPF_AND | BPF_K, 0x3fff);
        reject_unless(filter, 0);
    }
    load(filter, BPF_B, at + (is_ipv4 ? PROTOCOL : NEXT_HEADER));
    const unsigned int bare = begin_if(filter, IPPROTO_IPV6);
    judge_inner(filter, at + length);
    end_if(filter, bare);
    const unsigned int gre = begin_if(filter, IPPROTO_GRE);
    judge_gre(filter, at + length);
    end_if(filter, gre);
    reject(filter);
}

static void judge_protocol(struct filter *filter, uint16_t ether_type) {
    load(filter, BPF_W, (uint32_t)SKF_AD_OFF + SKF_AD_PROTOCOL);
    const unsigned int place = begin_if(filter, ether_type);
    load(filter, BPF_W, (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE);
    reject_unless(filter, PACKET_HOST);
    // What stands in front of the packet: Ethernet's header or nothing.
    load(filter, BPF_W, (uint32_t)SKF_AD_OFF + SKF_AD_HATYPE);
    jump(filter, BPF_JMP | BPF_K | BPF_JEQ, ARPHRD_LOOPBACK, 0, 1);
    step(filter, BPF_LD | BPF_IMM, ARPHRD_ETHER);
    const unsigned int ethernet = begin_if(filter, ARPHRD_ETHER);
    judge_outer(filter, ETH_HLEN, ether_type);
    end_if(filter, ethernet);
    judge_outer(filter, 0, ether_type);
    end_if(filter, place);
}

static int filter(int fd) {
    struct filter filter;
    filter.count = 0;
    judge_protocol(&filter, ETH_P_IP);
    judge_protocol(&filter, ETH_P_IPV6);
    reject(&filter);
    const struct sock_fprog program = {.len = (unsigned short)filter.count, .filter = filter.steps};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

// Blocks of the ring are pages, which there always are; no frame crosses from one to the next.
static int make_ring(int fd) {
    const unsigned int block = (unsigned int)sysconf(_SC_PAGESIZE);
    const struct tpacket_req request = {
        .tp_block_size = block,
        .tp_block_nr = CLINUX_TAP_FRAMES * CLINUX_TAP_FRAME_SIZE / block,
        .tp_frame_size = CLINUX_TAP_FRAME_SIZE,
        .tp_frame_nr = CLINUX_TAP_FRAMES,
    };
    return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request);
}

static int set(int fd, int option, int value) {
    return setsockopt(fd, SOL_PACKET, option, &value, sizeof value);
}

int clinux_tap_open(int fd) {
    // All protocols: those who listen to one only hear of a packet after the IP stack.
    const struct sockaddr_ll everything = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    if (filter(fd) != 0 || set(fd, PACKET_IGNORE_OUTGOING, 1) != 0 || set(fd, PACKET_VNET_HDR, 1) != 0 ||
        set(fd, PACKET_VERSION, TPACKET_V2) != 0 || make_ring(fd) != 0)
        return -1;
    return bind(fd, (const struct sockaddr *)&everything, sizeof everything);
}

void *clinux_tap_map(int fd) {
    void *memory = mmap(NULL, CLINUX_TAP_RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static struct tpacket2_hdr *frame_at(void *ring, unsigned int index) {
    return (struct tpacket2_hdr *)((char *)ring + (size_t)(index % CLINUX_TAP_FRAMES) * CLINUX_TAP_FRAME_SIZE);
}

int clinux_tap_has(void *ring, unsigned int index) {
    return (__atomic_load_n(&frame_at(ring, index)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
}

int clinux_tap_read(void *ring, unsigned int index, struct clinux_tap_record *record) {
    const struct tpacket2_hdr *frame = frame_at(ring, index);
    memset(record, 0, sizeof *record);
    record->has_lost = (frame->tp_status & TP_STATUS_LOSING) != 0;
    const unsigned int start = frame->tp_mac;
    const unsigned int length = frame->tp_snaplen;
    if (start < sizeof *frame + CLINUX_TAP_HEADER_LENGTH || frame->tp_net < start || frame->tp_net - start > length ||
        start > CLINUX_TAP_FRAME_SIZE || length > CLINUX_TAP_FRAME_SIZE - start)
        return -1;
    record->header = (const uint8_t *)frame + start - CLINUX_TAP_HEADER_LENGTH;
    record->octets = (const uint8_t *)frame + frame->tp_net;
    record->link_header_length = (uint16_t)(frame->tp_net - start);
    record->length = (uint16_t)(length - record->link_header_length);
    const struct sockaddr_ll *address = (const void *)((const char *)frame + TPACKET_ALIGN(sizeof *frame));
    record->interface_index = (uint32_t)address->sll_ifindex;
    return 0;
}

void clinux_tap_release(void *ring, unsigned int index) {
    __atomic_store_n(&frame_at(ring, index)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

void clinux_tap_forget_losses(int fd) {
    struct tpacket_stats statistics;
    socklen_t length = sizeof statistics;
    (void)getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
}

int clinux_tap_join(int fd, int *group) {
    // A group has a hook of its own, which knows nothing of what its sockets ignore: without the flag (Linux 5.15; older kernels
    // pass over it) each packet that leaves would be copied for it.
    enum { TYPE = PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_IGNORE_OUTGOING };
    if (*group >= 0) return set(fd, PACKET_FANOUT, *group | TYPE << 16);
    if (set(fd, PACKET_FANOUT, (TYPE | PACKET_FANOUT_FLAG_UNIQUEID) << 16) != 0) return -1;
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &length) != 0) return -1;
    *group = value & 0xffff;
    return 0;
}
