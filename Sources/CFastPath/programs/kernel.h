// What the programs need to know of the kernel (bpf-helpers(7)): declared here, so that the object has the same octets whatever
// headers are installed.
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

// A word that another processor may write meanwhile.
#define READ_ONCE(word) (*(const volatile __typeof__(word) *)&(word))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the programs are for hosts that begin with the low octet");
#define NETWORK16(value) ((uint16_t)__builtin_bswap16(value))
#define NETWORK32(value) ((uint32_t)__builtin_bswap32(value))

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERNET_HEADER = 14,
    ADDRESS_FAMILY_IPV4 = 2,
    ADDRESS_FAMILY_IPV6 = 10,
    PACKET_TO_HOST = 0,
    TC_ACT_UNSPEC = -1,
    TC_ACT_SHOT = 2,
};

// struct __sk_buff: what a program sees of a packet.
struct packet {
    uint32_t len;
    uint32_t pkt_type;
    uint32_t mark;
    uint32_t queue_mapping;
    uint32_t protocol;
    uint32_t vlan_present;
    uint32_t vlan_tci;
    uint32_t vlan_proto;
    uint32_t priority;
    uint32_t ingress_ifindex;
    uint32_t ifindex;
    uint32_t not_needed[33];
    uint32_t gso_size;
};
_Static_assert(offsetof(struct packet, gso_size) == 176, "struct __sk_buff has gso_size elsewhere");

// struct bpf_fib_lookup.
struct fib_lookup {
    uint8_t family;
    uint8_t l4_protocol;
    uint16_t sport;
    uint16_t dport;
    uint16_t tot_len;
    uint32_t ifindex;
    uint32_t tos;
    uint32_t source[4];
    uint32_t destination[4];
    uint32_t vlan;
    uint8_t link_addresses[12];
};
_Static_assert(sizeof(struct fib_lookup) == 64, "struct bpf_fib_lookup has another size");

enum { FIB_SUCCESS = 0, FIB_FRAGMENTATION_NEEDED = 8 };

// struct bpf_redir_neigh.
struct next_hop {
    uint32_t family;
    uint32_t address[4];
};

enum { ADJUST_AT_LINK_HEADER = 1 };
enum {
    ADJUST_FIXED_SEGMENTS = 1 << 0,
    ADJUST_ENCAPSULATE_IPV4 = 1 << 1,
    ADJUST_ENCAPSULATE_IPV6 = 1 << 2,
    ADJUST_ENCAPSULATE_GRE = 1 << 3,
    ADJUST_KEEP_CHECKSUM = 1 << 5,
    // Linux 6.3 and later.
    ADJUST_DECAPSULATE_IPV6 = 1 << 8,
};
enum { STORE_RECOMPUTE_CHECKSUM = 1 << 0 };
enum { REDIRECT_INGRESS = 1 << 0 };

// Maps, as libbpf reads them out of the types of the section ".maps".
#define NUMBER(name, value) int(*name)[value]
#define TYPE(name, value) __typeof__(value) *name
enum { MAP_ARRAY = 2, MAP_MAPPED = 1 << 10 };

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static uint32_t (*const bpf_get_smp_processor_id)(void) = (void *)8;
static long (*const bpf_skb_store_bytes)(struct packet *, uint32_t offset, const void *, uint32_t length, uint64_t flags)
    = (void *)9;
static long (*const bpf_redirect)(uint32_t ifindex, uint64_t flags) = (void *)23;
static long (*const bpf_skb_load_bytes)(const struct packet *, uint32_t offset, void *, uint32_t length) = (void *)26;
static long (*const bpf_skb_change_head)(struct packet *, uint32_t length, uint64_t flags) = (void *)43;
static long (*const bpf_skb_adjust_room)(struct packet *, int32_t difference, uint32_t mode, uint64_t flags) = (void *)50;
static long (*const bpf_fib_lookup)(void *context, struct fib_lookup *, int length, uint32_t flags) = (void *)69;
static long (*const bpf_redirect_neigh)(uint32_t ifindex, struct next_hop *, int length, uint64_t flags) = (void *)152;
static uint64_t (*const bpf_ktime_get_coarse_ns)(void) = (void *)160;

#endif
