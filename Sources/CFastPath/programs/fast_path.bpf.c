// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Plain 6in4 over IPv4, forwarded in the kernel. What the daemon would forward unchanged is forwarded here; everything else is
// left alone and reaches the daemon, which decides, answers, counts and explains (docs/adr/0021).
//
// `encapsulate` belongs at the egress of the TUN device, `decapsulate` at the ingress of an Ethernet link.
#include "../include/CFastPath.h"
#include "kernel.h"

// Length of the link header in front of what `encapsulate` gets: none on a TUN device. Tests have one of Ethernet, since
// BPF_PROG_TEST_RUN puts it in front of every packet.
const volatile uint32_t link_header = 0;

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, 1);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_control);
} controls SECTION(".maps");

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, FAST_PATH_BANKS);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_plan);
} plans SECTION(".maps");

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, FAST_PATH_BANKS * FAST_PATH_TUNNELS);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_tunnel);
} tunnels SECTION(".maps");

// The loader makes these two as long as the host has processors.
struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, FAST_PATH_TUNNELS);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_counter);
} counters SECTION(".maps");

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, 1);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_processor);
} processors SECTION(".maps");

struct ipv4_header {
    uint8_t version_and_length;
    uint8_t traffic_class;
    uint16_t total_length;
    uint16_t identification;
    uint16_t fragment;
    uint8_t ttl;
    uint8_t protocol;
    uint16_t checksum;
    // The source, then the destination.
    uint32_t addresses[2];
};

struct ipv6_header {
    uint32_t first;
    uint16_t payload_length;
    uint8_t next_header;
    uint8_t hop_limit;
    uint64_t source[2];
    uint64_t destination[2];
};

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    IPV4_DO_NOT_FRAGMENT = 0x4000,
    IPV4_MORE_FRAGMENTS_AND_OFFSET = 0x3fff,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    // What raw sockets ask for a way as, whose packets these would be.
    PROTOCOL_RAW = 255,
    UDP_HEADER = 8,
    TCP_MINIMUM_HEADER = 20,
    TCP_DATA_OFFSET = 12,
    NOT_CAPABLE = 0,
    CAPABLE_1 = 1,
    CAPABLE_0 = 2,
    EXPERIENCED = 3,
};

INLINE uint8_t traffic_class(const struct ipv6_header *inner) {
    return NETWORK32(inner->first) >> 20;
}

// MARK: What the daemon says

struct view {
    const struct fast_path_control *control;
    const struct fast_path_plan *plan;
    uint64_t now;
    uint32_t bank;
};

INLINE enum fast_path_refusal look(struct view *view) {
    const uint32_t only = 0;
    view->control = bpf_map_lookup_elem(&controls, &only);
    if (!view->control) return FAST_PATH_SILENT;
    view->now = bpf_ktime_get_coarse_ns();
    // The coarse clock may be behind what the daemon read.
    if ((int64_t)(view->now - READ_ONCE(view->control->alive)) > FAST_PATH_LONGEST_SILENCE) return FAST_PATH_SILENT;
    view->bank = READ_ONCE(view->control->bank) & (FAST_PATH_BANKS - 1);
    view->plan = bpf_map_lookup_elem(&plans, &view->bank);
    return view->plan ? FAST_PATH_FORWARDED : FAST_PATH_SILENT;
}

struct terms {
    uint64_t ends;
    uint16_t mtu;
    uint16_t identification;
};

INLINE enum fast_path_refusal find_terms(const struct view *view, uint32_t tid, struct terms *terms) {
    const uint32_t row = view->bank * FAST_PATH_TUNNELS + tid;
    const struct fast_path_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, &row);
    if (!tunnel) return FAST_PATH_SLOW_TUNNEL;
    // The terms first: whoever changes the ends takes the tunnel off the fast path before, and puts it on again after.
    const uint64_t word = READ_ONCE(tunnel->terms);
    __asm__ volatile("" ::: "memory");
    terms->ends = READ_ONCE(tunnel->ends);
    terms->mtu = word;
    if (READ_ONCE(tunnel->terms) != word || terms->mtu == 0) return FAST_PATH_SLOW_TUNNEL;
    terms->identification = word >> (view->now >> FAST_PATH_SLOT_SHIFT & 1 ? 48 : 32);
    return FAST_PATH_FORWARDED;
}

// MARK: Addresses

enum { EXTERNAL = -1, OF_THE_POP = -2 };

// The tunnel that packets to an address go into, or why there is none: Core/Addressing/AddressPlan.swift.
INLINE int32_t owner(const struct fast_path_plan *plan, const uint64_t address[2]) {
    const uint64_t high = __builtin_bswap64(address[0]);
    if (plan->has_tunnel_prefix && high >> 16 == plan->tunnel_prefix >> 16) {
        const uint32_t number = high & 0xffff;
        if (number < FAST_PATH_TUNNELS) return __builtin_bswap64(address[1]) == 2 ? (int32_t)number : OF_THE_POP;
        return number >> 13 == 0x8000 >> 13 ? (int32_t)(number & (FAST_PATH_TUNNELS - 1)) : OF_THE_POP;
    }
    for (uint32_t place = 0; place < FAST_PATH_SUBNET_PREFIXES; place++) {
        if (place >= plan->subnet_prefix_count) break;
        const struct fast_path_subnet_prefix *prefix = &plan->subnet_prefixes[place];
        if ((high & prefix->mask) != prefix->high) continue;
        const uint32_t subnet = high >> (prefix->shift & 63) & (FAST_PATH_SUBNETS - 1);
        const uint16_t tid = plan->owners[place * FAST_PATH_SUBNETS + subnet];
        return tid < FAST_PATH_TUNNELS ? tid : OF_THE_POP;
    }
    return EXTERNAL;
}

INLINE bool is_multicast(const uint64_t address[2]) { return (address[0] & 0xff) == 0xff; }

INLINE bool is_link_local(const uint64_t address[2]) { return __builtin_bswap64(address[0]) >> 54 == 0xfe80 >> 6; }

// Unspecified, loopback, IPv4-compatible and IPv4-mapped, and some that nobody has.
INLINE bool embeds_ipv4(const uint64_t address[2]) { return address[0] == 0; }

// MARK: Packets that stand for several

struct load {
    // How many packets it stands for.
    uint32_t packets;
    // Octets of all of them.
    uint32_t octets;
    // The largest of them, in octets.
    uint32_t largest;
};

// What an inner packet amounts to that begins at an offset.
INLINE enum fast_path_refusal measure(
    struct packet *packet, uint32_t offset, const struct ipv6_header *inner, uint32_t length, struct load *load) {
    *load = (struct load){.packets = 1, .octets = length, .largest = length};
    const uint32_t payload = packet->gso_size;
    if (payload == 0) return FAST_PATH_FORWARDED;
    uint32_t headers = IPV6_HEADER + UDP_HEADER;
    if (inner->next_header == PROTOCOL_TCP) {
        uint8_t words;
        if (bpf_skb_load_bytes(packet, offset + IPV6_HEADER + TCP_DATA_OFFSET, &words, sizeof words))
            return FAST_PATH_SHORT;
        headers = IPV6_HEADER + 4 * (words >> 4);
        if (headers < IPV6_HEADER + TCP_MINIMUM_HEADER) return FAST_PATH_ODD_SEGMENTS;
    } else if (inner->next_header != PROTOCOL_UDP) {
        return FAST_PATH_ODD_SEGMENTS;
    }
    if (headers >= length) return FAST_PATH_ODD_SEGMENTS;
    load->packets = (length - headers + payload - 1) / payload;
    load->octets = length + (load->packets - 1) * headers;
    if (headers + payload < length) load->largest = headers + payload;
    return FAST_PATH_FORWARDED;
}

// MARK: Counters

INLINE struct fast_path_counter *find_counter(uint32_t tid) {
    const uint32_t place = bpf_get_smp_processor_id() * FAST_PATH_TUNNELS + tid;
    return bpf_map_lookup_elem(&counters, &place);
}

INLINE struct fast_path_processor *find_processor(void) {
    const uint32_t place = bpf_get_smp_processor_id();
    return bpf_map_lookup_elem(&processors, &place);
}

INLINE void count(uint32_t tid, struct fast_path_traffic *traffic, const struct load *load, uint64_t now) {
    traffic->packets += load->packets;
    traffic->octets += load->octets;
    traffic->last = now;
    // So that whoever reads the counters need not look at all of them.
    struct fast_path_processor *processor = find_processor();
    if (!processor) return;
    uint64_t *touched = &processor->touched[(tid & (FAST_PATH_TUNNELS - 1)) / 64];
    const uint64_t bit = 1ull << (tid & 63);
    if (!(READ_ONCE(*touched) & bit)) *touched |= bit;
}

INLINE int refuse(enum fast_path_direction direction, enum fast_path_refusal reason) {
    struct fast_path_processor *processor = find_processor();
    if (processor && reason < FAST_PATH_REFUSALS) processor->left[direction][reason]++;
    return reason == FAST_PATH_LOST ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

// MARK: Into a tunnel

// Which tunnel an inner packet from outside goes into: Core/Pipeline/SourcePolicy.swift and Route.swift.
INLINE enum fast_path_refusal find_destination(
    const struct view *view, const struct ipv6_header *inner, uint32_t length, uint32_t *tid) {
    if (inner->first << 24 >> 28 != 6) return FAST_PATH_NOT_IPV6;
    if (NETWORK16(inner->payload_length) + IPV6_HEADER != length) return FAST_PATH_OTHER_LENGTH;
    if (is_multicast(inner->source) || is_link_local(inner->source) || embeds_ipv4(inner->source))
        return FAST_PATH_IMPOSSIBLE_SOURCE;
    if (owner(view->plan, inner->source) != EXTERNAL) return FAST_PATH_WRONG_SOURCE;
    const int32_t destination = owner(view->plan, inner->destination);
    if (destination < 0) return FAST_PATH_WRONG_DESTINATION;
    // The kernel has lowered it already.
    if (inner->hop_limit <= 1) return FAST_PATH_LAST_HOP;
    *tid = destination;
    return FAST_PATH_FORWARDED;
}

// Asks the kernel for the way that the daemon's socket would take.
INLINE enum fast_path_refusal find_next_hop(
    struct packet *packet, const struct view *view, const struct terms *terms, uint32_t largest,
    struct fib_lookup *way) {
    *way = (struct fib_lookup){
        .family = ADDRESS_FAMILY_IPV4,
        .l4_protocol = PROTOCOL_RAW,
        .tot_len = largest + IPV4_HEADER,
        .ifindex = READ_ONCE(view->control->tun),
        .destination = {terms->ends >> 32},
    };
    const long found = bpf_fib_lookup(packet, way, sizeof *way, 0);
    if (found == FIB_SUCCESS) return FAST_PATH_FORWARDED;
    return found == FIB_FRAGMENTATION_NEEDED ? FAST_PATH_NARROW_PATH : FAST_PATH_NO_NEXT_HOP;
}

INLINE uint16_t checksum(const struct ipv4_header *header) {
    const uint16_t *words = (const uint16_t *)header;
    uint32_t sum = 0;
    for (int i = 0; i < IPV4_HEADER / 2; i++) sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    sum += sum >> 16;
    return ~sum;
}

// Puts the outer header in front: Core/Underlay/OuterHeaders.swift.
INLINE enum fast_path_refusal prepend(
    struct packet *packet, const struct terms *terms, uint8_t traffic_class, uint32_t length) {
    struct ipv4_header outer = {
        .version_and_length = 0x45,
        .traffic_class = traffic_class,
        .total_length = NETWORK16(length + IPV4_HEADER),
        .identification = NETWORK16(terms->identification),
        .fragment = NETWORK16(IPV4_DO_NOT_FRAGMENT),
        .ttl = FAST_PATH_TTL,
        .protocol = PROTOCOL_IPV6,
        .addresses = {terms->ends, terms->ends >> 32},
    };
    outer.checksum = checksum(&outer);
    const uint64_t flags = ADJUST_ENCAPSULATE_IPV4 | ADJUST_FIXED_SEGMENTS | ADJUST_KEEP_CHECKSUM;
    if (bpf_skb_adjust_room(packet, IPV4_HEADER, ADJUST_AT_LINK_HEADER, flags)) return FAST_PATH_UNCHANGED;
    if (bpf_skb_store_bytes(packet, link_header, &outer, IPV4_HEADER, 0)) return FAST_PATH_LOST;
    // bpf_redirect_neigh takes one off.
    if (link_header == 0) {
        const uint16_t ethertype = NETWORK16(ETHERTYPE_IPV4);
        if (bpf_skb_change_head(packet, ETHERNET_HEADER, 0)) return FAST_PATH_LOST;
        if (bpf_skb_store_bytes(packet, ETHERNET_HEADER - sizeof ethertype, &ethertype, sizeof ethertype, 0))
            return FAST_PATH_LOST;
    }
    return FAST_PATH_FORWARDED;
}

INLINE enum fast_path_refusal send_into_tunnel(struct packet *packet, struct fib_lookup *way) {
    struct view view;
    struct ipv6_header inner;
    struct terms terms;
    struct load load;
    uint32_t tid;
    const uint32_t length = packet->len - link_header;
    enum fast_path_refusal refusal = look(&view);
    if (refusal) return refusal;
    if (bpf_skb_load_bytes(packet, link_header, &inner, IPV6_HEADER)) return FAST_PATH_SHORT;
    refusal = find_destination(&view, &inner, length, &tid);
    if (refusal) return refusal;
    refusal = find_terms(&view, tid, &terms);
    if (refusal) return refusal;
    refusal = measure(packet, link_header, &inner, length, &load);
    if (refusal) return refusal;
    if (load.largest > terms.mtu) return FAST_PATH_TOO_BIG;
    struct fast_path_counter *counter = find_counter(tid);
    if (!counter) return FAST_PATH_SLOW_TUNNEL;
    refusal = find_next_hop(packet, &view, &terms, load.largest, way);
    if (refusal) return refusal;
    refusal = prepend(packet, &terms, traffic_class(&inner), length);
    if (refusal) return refusal;
    count(tid, &counter->egress, &load, view.now);
    return FAST_PATH_FORWARDED;
}

SECTION("tc")
int encapsulate(struct packet *packet) {
    struct fib_lookup way;
    if (packet->protocol != NETWORK16(ETHERTYPE_IPV6)) return TC_ACT_UNSPEC;
    const enum fast_path_refusal refusal = send_into_tunnel(packet, &way);
    if (refusal) return refuse(FAST_PATH_ENCAPSULATE, refusal);
    struct next_hop next = {
        .family = way.family,
        .address = {way.destination[0], way.destination[1], way.destination[2], way.destination[3]},
    };
    return bpf_redirect_neigh(way.ifindex, &next, sizeof next, 0);
}

// MARK: Out of a tunnel

struct arrival {
    // The end of the link header, so that all words of the others stand where the stack may be read.
    uint32_t link_header_end;
    struct ipv4_header outer;
    struct ipv6_header inner;
};
_Static_assert(sizeof(struct arrival) == 4 + IPV4_HEADER + IPV6_HEADER, "headers lie one behind the other");

// What the kernel would look at before a socket gets the packet, and Core/Pipeline/IngressCheck.swift.
INLINE enum fast_path_refusal check_outer(struct packet *packet, const struct ipv4_header *outer) {
    if (packet->vlan_present) return FAST_PATH_TAGGED;
    if (packet->pkt_type != PACKET_TO_HOST) return FAST_PATH_OTHER_HOST;
    if (outer->version_and_length != 0x45) return FAST_PATH_OPTIONS;
    if (outer->fragment & NETWORK16(IPV4_MORE_FRAGMENTS_AND_OFFSET)) return FAST_PATH_FRAGMENT;
    if (checksum(outer) != 0) return FAST_PATH_CHECKSUM;
    if (NETWORK16(outer->total_length) + ETHERNET_HEADER != packet->len) return FAST_PATH_OTHER_LENGTH;
    return FAST_PATH_FORWARDED;
}

// Whether an inner packet may go from a tunnel to the outside: Core/Pipeline/SourcePolicy.swift and Route.swift.
INLINE enum fast_path_refusal check_inner(
    const struct view *view, const struct ipv6_header *inner, uint32_t length, uint32_t *tid) {
    if (inner->first << 24 >> 28 != 6) return FAST_PATH_NOT_IPV6;
    if (NETWORK16(inner->payload_length) + IPV6_HEADER != length) return FAST_PATH_OTHER_LENGTH;
    const int32_t source = owner(view->plan, inner->source);
    if (source < 0) return FAST_PATH_WRONG_SOURCE;
    if (owner(view->plan, inner->destination) != EXTERNAL) return FAST_PATH_WRONG_DESTINATION;
    if (is_multicast(inner->destination) || is_link_local(inner->destination) || embeds_ipv4(inner->destination))
        return FAST_PATH_IMPOSSIBLE_DESTINATION;
    if (inner->hop_limit <= 1) return FAST_PATH_LAST_HOP;
    *tid = source;
    return FAST_PATH_FORWARDED;
}

// Combines the congestion marks of outer and inner header (RFC 6040, figure 4): Core/Underlay/CongestionMark.swift.
INLINE enum fast_path_refusal combine(uint8_t outer, struct ipv6_header *inner) {
    const uint8_t mark = traffic_class(inner) & 3;
    outer &= 3;
    if (outer == EXPERIENCED && mark == NOT_CAPABLE) return FAST_PATH_CONGESTION;
    if (outer == EXPERIENCED || (outer == CAPABLE_1 && mark == CAPABLE_0))
        inner->first = (inner->first & ~NETWORK32(3 << 20)) | NETWORK32((uint32_t)outer << 20);
    return FAST_PATH_FORWARDED;
}

// Takes the outer header off, and has the inner one be as it leaves.
INLINE enum fast_path_refusal strip(struct packet *packet, const struct ipv6_header *inner) {
    const uint64_t flags = ADJUST_DECAPSULATE_IPV6 | ADJUST_FIXED_SEGMENTS | ADJUST_KEEP_CHECKSUM;
    if (bpf_skb_adjust_room(packet, -IPV4_HEADER, ADJUST_AT_LINK_HEADER, flags)) return FAST_PATH_UNCHANGED;
    const uint32_t changed = offsetof(struct ipv6_header, source);
    if (bpf_skb_store_bytes(packet, ETHERNET_HEADER, inner, changed, STORE_RECOMPUTE_CHECKSUM)) return FAST_PATH_LOST;
    return FAST_PATH_FORWARDED;
}

INLINE enum fast_path_refusal receive_from_tunnel(struct packet *packet, struct arrival *arrival, uint32_t *tun) {
    struct view view;
    struct terms terms;
    struct load load;
    uint32_t tid;
    struct ipv6_header *inner = &arrival->inner;
    const uint32_t length = packet->len - ETHERNET_HEADER - IPV4_HEADER;
    enum fast_path_refusal refusal = look(&view);
    if (refusal) return refusal;
    if (bpf_skb_load_bytes(packet, ETHERNET_HEADER - 4, arrival, sizeof *arrival)) return FAST_PATH_SHORT;
    refusal = check_outer(packet, &arrival->outer);
    if (refusal) return refusal;
    refusal = check_inner(&view, inner, length, &tid);
    if (refusal) return refusal;
    refusal = find_terms(&view, tid, &terms);
    if (refusal) return refusal;
    if (arrival->outer.addresses[0] != terms.ends >> 32 || arrival->outer.addresses[1] != (uint32_t)terms.ends)
        return FAST_PATH_OTHER_ENDS;
    refusal = measure(packet, ETHERNET_HEADER + IPV4_HEADER, inner, length, &load);
    if (refusal) return refusal;
    refusal = combine(arrival->outer.traffic_class, inner);
    if (refusal) return refusal;
    struct fast_path_counter *counter = find_counter(tid);
    if (!counter) return FAST_PATH_SLOW_TUNNEL;
    inner->hop_limit--;
    refusal = strip(packet, inner);
    if (refusal) return refusal;
    count(tid, &counter->ingress, &load, view.now);
    *tun = READ_ONCE(view.control->tun);
    return FAST_PATH_FORWARDED;
}

SECTION("tc")
int decapsulate(struct packet *packet) {
    struct arrival arrival;
    uint32_t tun;
    uint8_t protocol;
    if (packet->protocol != NETWORK16(ETHERTYPE_IPV4)) return TC_ACT_UNSPEC;
    const uint32_t place = ETHERNET_HEADER + offsetof(struct ipv4_header, protocol);
    // Most of what a link brings is none of the PoP's business, and is not counted.
    if (bpf_skb_load_bytes(packet, place, &protocol, sizeof protocol) || protocol != PROTOCOL_IPV6)
        return TC_ACT_UNSPEC;
    const enum fast_path_refusal refusal = receive_from_tunnel(packet, &arrival, &tun);
    if (refusal) return refuse(FAST_PATH_DECAPSULATE, refusal);
    return bpf_redirect(tun, REDIRECT_INGRESS);
}

// bpf_fib_lookup is for programs that may be had under the GPL too.
char terms_of_use[] SECTION("license") = "Dual BSD/GPL";
