#include "CLinux.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/securebits.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct clinux_mmsghdr) == sizeof(struct mmsghdr), "clinux_mmsghdr has another size");
_Static_assert(offsetof(struct clinux_mmsghdr, msg_len) == offsetof(struct mmsghdr, msg_len), "msg_len moved");
_Static_assert(IFNAMSIZ == 16, "interface names have another length");
_Static_assert(CLINUX_CONTROL_CAPACITY >= CMSG_SPACE(sizeof(struct in6_pktinfo)) + 4 * CMSG_SPACE(sizeof(int)),
               "control messages don't fit");
#ifdef IPV6_HDRINCL
_Static_assert(CLINUX_IPV6_HDRINCL == IPV6_HDRINCL, "IPV6_HDRINCL has another value");
#endif

ssize_t clinux_read(int fd, void *buffer, size_t count) { return syscall(SYS_read, fd, buffer, count); }

ssize_t clinux_write(int fd, const void *buffer, size_t count) { return syscall(SYS_write, fd, buffer, count); }

ssize_t clinux_writev(int fd, const struct iovec *vectors, int count) {
    return syscall(SYS_writev, fd, vectors, count);
}

// From the headers of Linux 6.6.
enum { TCX_INGRESS = 46, TCX_EGRESS = 47 };

int clinux_attach_tcx(int program, unsigned int interface_index, int is_ingress) {
    union bpf_attr attributes;
    // All of it: the kernel refuses what it does not know.
    memset(&attributes, 0, sizeof attributes);
    attributes.link_create.prog_fd = (uint32_t)program;
    attributes.link_create.target_ifindex = interface_index;
    attributes.link_create.attach_type = is_ingress ? TCX_INGRESS : TCX_EGRESS;
    return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes);
}

int clinux_recvmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, flags, NULL);
}

int clinux_sendmmsg(int fd, struct clinux_mmsghdr *messages, unsigned int count, int flags) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, flags);
}

static void read_ipv4(const struct cmsghdr *header, struct clinux_control *result) {
    if (header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        memset(result->local_address, 0, 10);
        memset(result->local_address + 10, 0xff, 2);
        // Not ipi_addr, which may be a broadcast address that nothing can be sent from.
        memcpy(result->local_address + 12, &info.ipi_spec_dst, 4);
        result->was_to_group = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
        result->local_version = 4;
        result->interface_index = (uint32_t)info.ipi_ifindex;
    } else if (header->cmsg_type == IP_TOS) {
        result->traffic_class = *(const uint8_t *)CMSG_DATA(header);
    } else if (header->cmsg_type == IP_TTL) {
        int value;
        memcpy(&value, CMSG_DATA(header), sizeof value);
        result->hop_limit = (int16_t)value;
    }
}

static void read_ipv6(const struct cmsghdr *header, struct clinux_control *result) {
    int value;
    if (header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        memcpy(result->local_address, &info.ipi6_addr, 16);
        result->was_to_group = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
        result->local_version = 6;
        result->interface_index = (uint32_t)info.ipi6_ifindex;
    } else if (header->cmsg_type == IPV6_TCLASS) {
        memcpy(&value, CMSG_DATA(header), sizeof value);
        result->traffic_class = (int16_t)value;
    } else if (header->cmsg_type == IPV6_HOPLIMIT) {
        memcpy(&value, CMSG_DATA(header), sizeof value);
        result->hop_limit = (int16_t)value;
    }
}

void clinux_read_control(const struct msghdr *message, struct clinux_control *result) {
    memset(result, 0, sizeof *result);
    result->traffic_class = -1;
    result->hop_limit = -1;
    struct msghdr *walked = (struct msghdr *)message;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(walked); header != NULL; header = CMSG_NXTHDR(walked, header)) {
        if (header->cmsg_level == IPPROTO_IP) read_ipv4(header, result);
        if (header->cmsg_level == IPPROTO_IPV6) read_ipv6(header, result);
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == CLINUX_UDP_GRO) {
            int value;
            memcpy(&value, CMSG_DATA(header), sizeof value);
            if (value > 0 && value <= UINT16_MAX) result->segment_size = (uint16_t)value;
        }
    }
}

int clinux_tun_attach(int fd, char name[16], int with_offload_headers, int is_one_of_several) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, IFNAMSIZ);
    request.ifr_flags = IFF_TUN | IFF_NO_PI | (with_offload_headers ? IFF_VNET_HDR : 0) |
                        (is_one_of_several ? IFF_MULTI_QUEUE : 0);
    int result = ioctl(fd, TUNSETIFF, &request);
    if (result == 0) memcpy(name, request.ifr_name, IFNAMSIZ);
    return result;
}

_Static_assert(CLINUX_TUN_CHECKSUM == TUN_F_CSUM, "TUN_F_CSUM has another value");
_Static_assert(CLINUX_TUN_TCP_OVER_IPV6 == TUN_F_TSO6, "TUN_F_TSO6 has another value");
_Static_assert(CLINUX_TUN_TCP_WITH_ECN == TUN_F_TSO_ECN, "TUN_F_TSO_ECN has another value");

int clinux_tun_set_offloads(int fd, unsigned int offloads) {
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads);
}

int clinux_tun_set_little_endian(int fd) {
    int yes = 1;
    return ioctl(fd, TUNSETVNETLE, &yes);
}

enum { MOST_STEPS = 64 };

// An eBPF program that is being written.
struct program {
    struct bpf_insn steps[MOST_STEPS];
    uint32_t length;
};

static void step(struct program *program, uint8_t code, uint8_t target, uint8_t source, int16_t jump, int32_t value) {
    if (program->length == MOST_STEPS) return;
    program->steps[program->length++] =
        (struct bpf_insn){.code = code, .dst_reg = target, .src_reg = source, .off = jump, .imm = value};
}

// Mixes 32 bits of the packet into the hash.
static void mix(struct program *program, int32_t offset) {
    step(program, BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, offset);
    step(program, BPF_ALU | BPF_XOR | BPF_X, BPF_REG_7, BPF_REG_0, 0, 0);
    step(program, BPF_ALU | BPF_MUL | BPF_K, BPF_REG_7, 0, 0, (int32_t)0x9e3779b1);
}

int clinux_tun_spread_flows(int fd) {
    enum { NEXT_HEADER = 6, ADDRESSES = 8, PORTS = 40 };
    struct program program = {.length = 0};
    step(&program, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
    step(&program, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_7, 0, 0, 1);
    for (int32_t offset = ADDRESSES; offset < PORTS; offset += 4) mix(&program, offset);
    // Ports only where they follow at once: all of a flow's packets must go the same way.
    step(&program, BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, NEXT_HEADER);
    step(&program, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, IPPROTO_TCP);
    step(&program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 3, IPPROTO_UDP);
    mix(&program, PORTS);
    step(&program, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_0, BPF_REG_7, 0, 0);
    step(&program, BPF_ALU | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 16);
    step(&program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insns = (uint64_t)(uintptr_t)program.steps;
    attributes.insn_cnt = program.length;
    attributes.license = (uint64_t)(uintptr_t)"GPL";
    int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    if (loaded < 0) return -1;
    int result = ioctl(fd, TUNSETSTEERINGEBPF, &loaded);
    int error = errno;
    close(loaded);
    errno = error;
    return result;
}

static struct cmsghdr *write_control(struct cmsghdr *header, int level, int type, const void *data, size_t size) {
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), data, size);
    return (struct cmsghdr *)((char *)header + CMSG_SPACE(size));
}

_Static_assert(CLINUX_RUN_CONTROL_CAPACITY >=
                   CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
                       CMSG_SPACE(sizeof(uint32_t)),
               "control messages don't fit");

void clinux_write_segment_control(struct msghdr *message, int version, uint16_t segment_size, const uint8_t local[16],
                              uint8_t traffic_class, uint32_t flow_label) {
    const int class = traffic_class;
    struct cmsghdr *next = message->msg_control;
    next = write_control(next, IPPROTO_UDP, CLINUX_UDP_SEGMENT, &segment_size, sizeof segment_size);
    if (version == 4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, local + 12, 4);
        next = write_control(next, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        next = write_control(next, IPPROTO_IP, IP_TOS, &class, sizeof class);
    } else {
        struct in6_pktinfo info = {0};
        memcpy(&info.ipi6_addr, local, 16);
        next = write_control(next, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
        next = write_control(next, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
        if (flow_label != 0) {
            const uint32_t label = htonl(flow_label);
            next = write_control(next, IPPROTO_IPV6, CLINUX_IPV6_FLOWINFO, &label, sizeof label);
        }
    }
    message->msg_controllen = (size_t)((char *)next - (char *)message->msg_control);
}

int clinux_prctl(int option, unsigned long argument) {
    return prctl(option, argument, 0ul, 0ul, 0ul);
}

_Static_assert(CLINUX_SECURE_BITS ==
                   (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED),
               "securebits");

int clinux_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted, .inheritable = (uint32_t)inheritable},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32),
         .inheritable = (uint32_t)(inheritable >> 32)},
    };
    return (int)syscall(SYS_capset, &header, data);
}

int clinux_get_capabilities(uint64_t *effective) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    int result = (int)syscall(SYS_capget, &header, data);
    *effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    return result;
}

int clinux_unshare_network(void) {
    return unshare(CLONE_NEWNET);
}

int clinux_stay_on_processor(void) {
    const int processor = sched_getcpu();
    if (processor < 0) return -1;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

int clinux_filter_icmp(int fd, int version) {
    if (version == 6) {
        struct icmp6_filter filter;
        ICMP6_FILTER_SETBLOCKALL(&filter);
        for (int type = ICMP6_DST_UNREACH; type <= ICMP6_PARAM_PROB; type++) ICMP6_FILTER_SETPASS(type, &filter);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
        return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
    }
    const uint32_t passed = 1u << ICMP_ECHOREPLY | 1u << ICMP_DEST_UNREACH | 1u << ICMP_SOURCE_QUENCH |
                            1u << ICMP_ECHO | 1u << ICMP_TIME_EXCEEDED | 1u << ICMP_PARAMETERPROB;
    // struct icmp_filter is in linux/icmp.h, which cannot stand beside net/if.h: one word, a bit a type to block.
    const uint32_t filter = ~passed;
    const int icmp_filter = 1;
    return setsockopt(fd, SOL_RAW, icmp_filter, &filter, sizeof filter);
}

enum { WORDS_OF_IPV6 = 4, MOST_SHARE_STEPS = 1 + 3 * (WORDS_OF_IPV6 - 1) + 4 };

// Which share a packet is part of, by its source address, whatever stands in front of what the socket gets: 4 octets or 16, folded
// into 4. Answers how many steps that takes.
static unsigned short find_share(struct sock_filter code[MOST_SHARE_STEPS], int version, uint32_t count) {
    const uint32_t source = (uint32_t)SKF_NET_OFF + (version == 6 ? 8 : 12);
    const int words = version == 6 ? WORDS_OF_IPV6 : 1;
    unsigned short length = 0;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, source);
    for (int word = 1; word < words; word++) {
        code[length++] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, source + 4 * (uint32_t)word);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0);
    }
    // Fibonacci hashing, of which the high bits are good: neighbours are spread evenly, whatever the count.
    code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b9);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, count);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16);
    return length;
}

int clinux_filter_share(int fd, int version, uint32_t index, uint32_t count) {
    struct sock_filter code[MOST_SHARE_STEPS + 3];
    unsigned short length = find_share(code, version, count);
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 1);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = length, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int clinux_tap_divide(int fd, uint32_t count) {
    struct sock_filter code[1 + 2 * (MOST_SHARE_STEPS + 2) + 1];
    unsigned short length = 0;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_PROTOCOL);
    for (int version = 4; version <= 6; version += 2) {
        const unsigned short start = length++;
        length = (unsigned short)(length + find_share(code + length, version, count));
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
        const uint32_t type = version == 4 ? ETH_P_IP : ETH_P_IPV6;
        code[start] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, type, 0, (uint8_t)(length - start - 1));
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = length, .filter = code};
    return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof program);
}

int clinux_spread_datagrams(int fd, uint32_t offset, uint32_t count) {
    // Too short a datagram ends the program, and goes to the first socket.
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offset),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = (struct sock_filter *)code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

void clinux_keep_heap_small(void) {
    enum { LARGE = 4 * 1024 };
    mallopt(M_ARENA_MAX, 1);
    // glibc's own thresholds, which grow with what is freed unless they are set.
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
}

int clinux_peer_credentials(int fd, uint32_t *process, uint32_t *user, uint32_t *group) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
    *process = (uint32_t)peer.pid;
    *user = peer.uid;
    *group = peer.gid;
    return 0;
}

// Since Linux 4.13; glibc of Debian 12 has it in <asm/socket.h> only.
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

int clinux_peer_groups(int fd, uint32_t *groups, uint32_t *count) {
    _Static_assert(sizeof(gid_t) == sizeof *groups, "groups are numbers of 32 bits");
    socklen_t length = *count * (socklen_t)sizeof *groups;
    const int code = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    *count = length / (socklen_t)sizeof *groups;
    return code;
}
