/// What LinuxIO needs of Linux and Swift cannot import by itself: macros with arguments, variadic functions,
/// structures that glibc hides behind _GNU_SOURCE, and the walk along control messages.
///
/// Swift reads this header without _GNU_SOURCE, so nothing in it may depend on that macro.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <linux/capability.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/// `struct mmsghdr`, which glibc hides behind _GNU_SOURCE; shim.c asserts that the layouts agree.
struct clinux_mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};

/// read(2), write(2) and writev(2) where a thread can't be cancelled, which glibc gets ready for in every call once a program has
/// several threads; no thread of ours ever is, and for one packet a call it is a tenth of the call.
ssize_t clinux_read(int fd, void *buffer, size_t count);
ssize_t clinux_write(int fd, const void *buffer, size_t count);
ssize_t clinux_writev(int fd, const struct iovec *vectors, int count);

/// Reads and writes of one file that go to the kernel together (io_uring(7)).
struct clinux_ring;

enum { CLINUX_RING_READ, CLINUX_RING_WRITE };

/// Makes a ring for a file, which must stay open; NULL with errno where there can be none, or none that never waits.
struct clinux_ring *clinux_ring_make(int fd, unsigned int capacity);

/// Has the kernel keep some memory in place, so that it need not look up where it is for each transfer.
///
/// Once a ring, for memory that stays as long as it. Answers 0, or a negative error: -ENOMEM where RLIMIT_MEMLOCK says so.
int clinux_ring_pin(struct clinux_ring *ring, void *memory, size_t length);

/// Reads once into each of some parts, or writes each, no more than the capacity, without waiting.
///
/// Writes what each transfer answered, or a negative error, in the order of the parts, in which they are made. Answers 0, or a
/// negative error where the kernel does not serve the ring, which must only be ended then: transfers that were not made
/// count as -EAGAIN.
int clinux_ring_transfer(
    struct clinux_ring *ring, int direction, const struct iovec *parts, unsigned int count, int *results);

/// Ends a ring, and lets go of the file at once, which the kernel otherwise does some time later.
void clinux_ring_end(struct clinux_ring *ring);

/// Puts a program at a device's ingress or egress by a link (TCX), which libbpf 1.1 does not know; gives the link's descriptor.
int clinux_attach_tcx(int program, unsigned int interface_index, int is_ingress);

int clinux_recvmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags);
int clinux_sendmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags);

/// What the control messages of one received datagram say.
struct clinux_control {
    /// The address the datagram was sent to, in network order, IPv4 in its IPv4-mapped form.
    uint8_t local_address[16];
    /// Index of the interface it came in on, 0 when not told.
    uint32_t interface_index;
    /// 4 or 6 for the kind of `local_address`, 0 when not told.
    int16_t local_version;
    /// DSCP and ECN of the outer header, -1 when not told.
    int16_t traffic_class;
    /// TTL or hop limit of the outer header, -1 when not told.
    int16_t hop_limit;
    /// Length of each but the last of the datagrams that were put together into one (UDP_GRO), 0 for a single one.
    uint16_t segment_size;
    /// Whether the datagram was sent to a broadcast or multicast address, for which `local_address` may stand.
    uint8_t was_to_group;
};

/// Room for the control messages that clinux_read_control knows, in octets.
#define CLINUX_CONTROL_CAPACITY 160

void clinux_read_control(const struct msghdr *message, struct clinux_control *result);

/// IPV6_HDRINCL, which glibc of Debian 12 does not always declare.
#define CLINUX_IPV6_HDRINCL 36

/// Lets only echo requests, echo replies and errors through to a raw ICMP socket (version 4) or only echo replies
/// and errors to a raw ICMPv6 socket (version 6).
int clinux_filter_icmp(int fd, int version);

/// Lets only those packets through to a raw socket whose source address falls into one of several parts.
int clinux_filter_share(int fd, int version, uint32_t index, uint32_t count);

/// Spreads the datagrams of a shared port over its sockets, in the order in which they were bound, by 16 bits at an offset.
int clinux_spread_datagrams(int fd, uint32_t offset, uint32_t count);

/// Attaches to a TUN device (TUNSETIFF with IFF_TUN | IFF_NO_PI, and IFF_VNET_HDR and IFF_MULTI_QUEUE when asked
/// for); the kernel writes back the name it chose.
int clinux_tun_attach(int fd, char name[16], int with_offload_headers, int is_one_of_several);

/// Spreads the flows of IPv6 packets over all queues of a TUN device by their addresses and ports (TUNSETSTEERINGEBPF, since
/// Linux 4.16; needs CAP_BPF or root).
int clinux_tun_spread_flows(int fd);

/// What a TUN device can be told that its reader takes (TUNSETOFFLOAD).
#define CLINUX_TUN_CHECKSUM 0x01
#define CLINUX_TUN_TCP_OVER_IPV6 0x04
#define CLINUX_TUN_TCP_WITH_ECN 0x08
/// Only together can they be asked for: UDP over IPv4 and over IPv6.
#define CLINUX_TUN_UDP 0x60

/// Tells a TUN device what its reader takes.
int clinux_tun_set_offloads(int fd, unsigned int offloads);

/// Has a TUN device's offload headers be little-endian on every machine (TUNSETVNETLE).
int clinux_tun_set_little_endian(int fd);

/// A tap: a packet socket that is shown, before the IP stack, the bare packets (6in4, GRE) that arrive on any link and may stand for
/// several, or whose checksum may be unfinished. Their beginnings, with what the kernel knows of them, come in a ring of frames in
/// memory that the socket's owner reads without system calls.
#define CLINUX_TAP_FRAMES 2048
#define CLINUX_TAP_FRAME_SIZE 256
#define CLINUX_TAP_RING_SIZE (CLINUX_TAP_FRAMES * CLINUX_TAP_FRAME_SIZE)
/// As much of a packet as is shown, its link's header included, in octets.
#define CLINUX_TAP_SNAPSHOT 176
/// `struct virtio_net_hdr`, in octets.
#define CLINUX_TAP_HEADER_LENGTH 10
/// What is longer than this with its link's header was put together, or came over jumbo frames, in octets.
#define CLINUX_TAP_LONG 1522

/// What a frame holds.
struct clinux_tap_record {
    /// What the kernel says: a `struct virtio_net_hdr`, whose offsets count from the link's header.
    const uint8_t *header;
    /// The packet's beginning, from its IP header on.
    const uint8_t *octets;
    uint16_t length;
    uint16_t link_header_length;
    /// Index of the interface that the packet was on: a bridge, a bond or a VLAN shows it again that its link has shown.
    uint32_t interface_index;
    /// Whether packets were not shown for want of frames since clinux_tap_forget_losses.
    int has_lost;
};

/// Makes a packet socket (AF_PACKET, SOCK_RAW, protocol 0) a tap. Nothing that leaves is shown (Linux 4.20).
int clinux_tap_open(int fd);

/// Maps the ring: CLINUX_TAP_RING_SIZE octets, or NULL with errno.
void *clinux_tap_map(int fd);

/// Whether the frame of a number, counted round the ring, was filled.
int clinux_tap_has(void *ring, unsigned int index);

/// Reads a filled frame; the record points into it. Answers -1 for one that makes no sense.
int clinux_tap_read(void *ring, unsigned int index, struct clinux_tap_record *record);

/// Gives a frame back to be filled anew.
void clinux_tap_release(void *ring, unsigned int index);

/// Begins to count anew what was not shown.
void clinux_tap_forget_losses(int fd);

/// Has a tap take its share of what a group of taps is shown. A negative group makes one, and is overwritten by its number.
int clinux_tap_join(int fd, int *group);

/// Divides what a group is shown as clinux_filter_share does, the shares in the order in which the taps joined; once for each group.
int clinux_tap_divide(int fd, uint32_t count);

/// SO_BINDTOIFINDEX, which glibc of Debian 12 does not declare.
#define CLINUX_SO_BINDTOIFINDEX 62

/// IPV6_FREEBIND, which glibc of Debian 12 does not declare.
#define CLINUX_IPV6_FREEBIND 78

/// IPV6_FLOWINFO, which glibc does not declare.
#define CLINUX_IPV6_FLOWINFO 11

/// UDP_SEGMENT and UDP_GRO, which glibc of Debian 12 does not declare for Swift.
#define CLINUX_UDP_SEGMENT 103
#define CLINUX_UDP_GRO 104
/// IPV6_AUTOFLOWLABEL.
#define CLINUX_IPV6_AUTOFLOWLABEL 70

/// Room for what clinux_write_segment_control writes, in octets.
#define CLINUX_RUN_CONTROL_CAPACITY 128

/// Writes the control messages of a run of datagrams: their size, the address they leave from (16 octets in network
/// order, an IPv4 one in its IPv4-mapped form), their traffic class and over IPv6 their flow label. Sets msg_controllen.
void clinux_write_segment_control(struct msghdr *message, int version, uint16_t segment_size, const uint8_t local[16],
                              uint8_t traffic_class, uint32_t flow_label);

/// Makes malloc use one arena for all threads, and a mapping of its own for whatever is large.
void clinux_keep_heap_small(void);

/// prctl with one argument.
int clinux_prctl(int option, unsigned long argument);

/// Securebits that take all privileges from root and leave what is kept alone when the user changes, locked:
/// NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each with its lock, and the lock of KEEP_CAPS. shim.c asserts it.
#define CLINUX_SECURE_BITS 0xef

/// Sets the calling thread's capabilities, bit n standing for capability n.
int clinux_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable);

/// Reads the calling thread's effective capabilities.
int clinux_get_capabilities(uint64_t *effective);

/// SOCK_DIAG_BY_FAMILY of <linux/sock_diag.h>.
#define CLINUX_SOCK_DIAG_BY_FAMILY 20

/// Process, user and group at the other end of a UNIX stream socket when it was connected, or listened on (SO_PEERCRED).
int clinux_peer_credentials(int fd, uint32_t *process, uint32_t *user, uint32_t *group);

/// Its supplementary groups (SO_PEERGROUPS). Takes how many there is room for, writes how many there are; ERANGE for lack of room.
int clinux_peer_groups(int fd, uint32_t *groups, uint32_t *count);

/// Moves the calling thread into a new, empty network namespace. Tests use it.
int clinux_unshare_network(void);

/// Has the calling thread stay on the processor that it runs on. Tests use it.
int clinux_stay_on_processor(void);

#endif
