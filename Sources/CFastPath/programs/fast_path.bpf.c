// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Plain 6in4 and GRE over IPv4 and IPv6, forwarded in the kernel. What the daemon would forward unchanged is forwarded here; everything else is
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

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, FAST_PATH_BANKS * FAST_PATH_TUNNELS);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_ipv6_ends);
} ipv6_ends SECTION(".maps");

struct {
    NUMBER(type, MAP_ARRAY);
    NUMBER(map_flags, MAP_MAPPED);
    NUMBER(max_entries, FAST_PATH_TUNNELS);
    TYPE(key, uint32_t);
    TYPE(value, struct fast_path_order);
} orders SECTION(".maps");

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
    GRE_HEADER = 4,
    IPV4_DO_NOT_FRAGMENT = 0x4000,
    IPV4_MORE_FRAGMENTS = 0x2000,
    IPV4_OFFSET = 0x1fff,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_GRE = 47,
    // What raw sockets ask for a way as, whose packets these would be.
    PROTOCOL_RAW = 255,
    UDP_HEADER = 8,
    TCP_MINIMUM_HEADER = 20,
    TCP_DATA_OFFSET = 12,
    // Flags of a GRE header, in its upper half: each of three has 4 octets more follow, others are to be refused, as is any version but 0.
    GRE_CHECKSUM = 15,
    GRE_KEY = 13,
    GRE_SEQUENCE_NUMBER = 12,
    GRE_REFUSED = 0x4c07,
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
    uint64_t now;
    uint32_t bank;
};

INLINE enum fast_path_refusal look(struct view *view) {
    const uint32_t only = 0;
    view->control = bpf_map_lookup_elem(&controls, &only);
    if (!view->control) return FAST_PATH_SILENT;
    view->now = bpf_ktime_get_coarse_ns();
    view->bank = READ_ONCE(view->control->bank) & (FAST_PATH_BANKS - 1);
    return FAST_PATH_FORWARDED;
}

INLINE bool is_silent(const struct view *view) {
    // The coarse clock may be behind what the daemon read.
    return (int64_t)(view->now - READ_ONCE(view->control->alive)) > FAST_PATH_LONGEST_SILENCE;
}

struct terms {
    uint64_t ends;
    uint16_t mtu;
    uint16_t identification;
    // Over IPv6, instead of the identification.
    uint32_t flow_label;
    // Whether the tunnel's packets are GRE.
    bool is_gre;
    bool is_over_ipv6;
    // Whether packets that are left to the daemon are counted until it has done with them.
    bool keeps_order;
};

INLINE void find_terms(const struct view *view, uint32_t tid, struct terms *terms) {
    const uint32_t row = view->bank * FAST_PATH_TUNNELS + tid;
    const struct fast_path_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, &row);
    *terms = (struct terms){};
    if (!tunnel) return;
    // The terms first: whoever changes the ends takes the tunnel off the fast path before, and puts it on again after.
    const uint64_t word = READ_ONCE(tunnel->terms);
    __asm__ volatile("" ::: "memory");
    terms->ends = READ_ONCE(tunnel->ends);
    terms->keeps_order = word >> 16 & FAST_PATH_KEEPS_ORDER;
    terms->is_gre = word >> 16 & FAST_PATH_GRE;
    terms->is_over_ipv6 = word >> 16 & FAST_PATH_OVER_IPV6;
    terms->flow_label = word >> 32;
    terms->mtu = READ_ONCE(tunnel->terms) == word ? word : 0;
    terms->identification = word >> (view->now >> FAST_PATH_SLOT_SHIFT & 1 ? 48 : 32);
}

// Looks up the outer addresses of a tunnel over IPv6.
INLINE bool find_ipv6_ends(
    const struct view *view, uint32_t tid, const struct terms *terms, struct fast_path_ipv6_ends *ends) {
    const uint32_t row = view->bank * FAST_PATH_TUNNELS + tid;
    const struct fast_path_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, &row);
    const struct fast_path_ipv6_ends *found = bpf_map_lookup_elem(&ipv6_ends, &row);
    if (!tunnel || !found) return false;
    for (int i = 0; i < 2; i++) {
        ends->local[i] = READ_ONCE(found->local[i]);
        ends->remote[i] = READ_ONCE(found->remote[i]);
    }
    __asm__ volatile("" ::: "memory");
    // Whoever changes them takes the tunnel off the fast path before, and gives them another number.
    return READ_ONCE(tunnel->ends) == terms->ends;
}

// MARK: Addresses

enum { EXTERNAL = -1, OF_THE_POP = -2 };

// The tunnel that packets to an address go into, or why there is none: Core/Addressing/AddressPlan.swift. The halves of the address are in
// host order. A function that the verifier looks at once, whatever was known where it is called.
__attribute__((noinline)) int owner(uint32_t bank, uint64_t high, uint64_t low) {
    const struct fast_path_plan *plan = bpf_map_lookup_elem(&plans, &bank);
    if (!plan) return OF_THE_POP;
    if (plan->has_tunnel_prefix && high >> 16 == plan->tunnel_prefix >> 16) {
        const uint32_t number = high & 0xffff;
        if (number < FAST_PATH_TUNNELS) return low == 2 ? (int)number : OF_THE_POP;
        return number >> 13 == 0x8000 >> 13 ? (int)(number & (FAST_PATH_TUNNELS - 1)) : OF_THE_POP;
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

INLINE int32_t owner_of(const struct view *view, const uint64_t address[2]) {
    return owner(view->bank, __builtin_bswap64(address[0]), __builtin_bswap64(address[1]));
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

// MARK: Order

// What a packet is counted as that is left to the daemon.
struct place {
    // FAST_PATH_TUNNELS for one that is not counted.
    uint32_t tid;
    uint32_t packets;
};

// Whether the daemon has something in hand of a tunnel that came before.
INLINE bool must_wait(enum fast_path_direction direction, uint32_t tid) {
    const struct fast_path_order *order = bpf_map_lookup_elem(&orders, &tid);
    return !order || READ_ONCE(order->left[direction]) != READ_ONCE(order->done[direction]);
}

INLINE void leave(enum fast_path_direction direction, const struct place *place) {
    const uint32_t tid = place->tid;
    struct fast_path_order *order = bpf_map_lookup_elem(&orders, &tid);
    if (!order) return;
    __sync_fetch_and_add(&order->left[direction], place->packets);
    struct fast_path_processor *processor = find_processor();
    if (!processor) return;
    uint64_t *waiting = &processor->waiting[(tid & (FAST_PATH_TUNNELS - 1)) / 64];
    const uint64_t bit = 1ull << (tid & 63);
    if (!(READ_ONCE(*waiting) & bit)) *waiting |= bit;
}

INLINE int refuse(enum fast_path_direction direction, enum fast_path_refusal reason, const struct place *place) {
    struct fast_path_processor *processor = find_processor();
    if (processor && reason < FAST_PATH_REFUSALS) processor->left[direction][reason]++;
    if (reason == FAST_PATH_LOST) return TC_ACT_SHOT;
    leave(direction, place);
    return TC_ACT_UNSPEC;
}

// MARK: Into a tunnel

// Which tunnel an inner packet from outside goes into: Core/Pipeline/SourcePolicy.swift and Route.swift.
INLINE enum fast_path_refusal check_destination(
    const struct view *view, const struct ipv6_header *inner, uint32_t length, int32_t destination) {
    if (NETWORK16(inner->payload_length) + IPV6_HEADER != length) return FAST_PATH_OTHER_LENGTH;
    if (is_multicast(inner->source) || is_link_local(inner->source) || embeds_ipv4(inner->source))
        return FAST_PATH_IMPOSSIBLE_SOURCE;
    if (owner_of(view, inner->source) != EXTERNAL) return FAST_PATH_WRONG_SOURCE;
    if (destination < 0) return FAST_PATH_WRONG_DESTINATION;
    // The kernel has lowered it already.
    if (inner->hop_limit <= 1) return FAST_PATH_LAST_HOP;
    return FAST_PATH_FORWARDED;
}

// What stands in front of an inner packet, in octets.
INLINE uint32_t front(const struct terms *terms) {
    return (terms->is_over_ipv6 ? IPV6_HEADER : IPV4_HEADER) + (terms->is_gre ? GRE_HEADER : 0);
}

// Asks the kernel for the way that the daemon's socket would take.
INLINE enum fast_path_refusal find_next_hop(
    struct packet *packet, const struct view *view, const struct terms *terms,
    const struct fast_path_ipv6_ends *ends, uint32_t largest, struct fib_lookup *way) {
    *way = (struct fib_lookup){
        .family = ADDRESS_FAMILY_IPV4,
        .l4_protocol = PROTOCOL_RAW,
        .tot_len = largest + front(terms),
        .ifindex = READ_ONCE(view->control->tun),
        .destination = {terms->ends >> 32},
    };
    if (terms->is_over_ipv6) {
        way->family = ADDRESS_FAMILY_IPV6;
        for (int i = 0; i < 2; i++) {
            way->destination[2 * i] = ends->remote[i];
            way->destination[2 * i + 1] = ends->remote[i] >> 32;
        }
    }
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

INLINE uint64_t adjustment(const struct terms *terms) {
    return ADJUST_FIXED_SEGMENTS | ADJUST_KEEP_CHECKSUM | (terms->is_gre ? ADJUST_ENCAPSULATE_GRE : 0);
}

INLINE uint8_t protocol(const struct terms *terms) { return terms->is_gre ? PROTOCOL_GRE : PROTOCOL_IPV6; }

INLINE enum fast_path_refusal prepend_ipv4(
    struct packet *packet, const struct terms *terms, uint8_t traffic_class, uint32_t length) {
    struct ipv4_header outer = {
        .version_and_length = 0x45,
        .traffic_class = traffic_class,
        .total_length = NETWORK16(length + front(terms)),
        .identification = NETWORK16(terms->identification),
        .fragment = NETWORK16(IPV4_DO_NOT_FRAGMENT),
        .ttl = FAST_PATH_TTL,
        .protocol = protocol(terms),
        .addresses = {terms->ends, terms->ends >> 32},
    };
    outer.checksum = checksum(&outer);
    const uint64_t flags = adjustment(terms) | ADJUST_ENCAPSULATE_IPV4;
    if (bpf_skb_adjust_room(packet, front(terms), ADJUST_AT_LINK_HEADER, flags)) return FAST_PATH_UNCHANGED;
    return bpf_skb_store_bytes(packet, link_header, &outer, IPV4_HEADER, 0) ? FAST_PATH_LOST : FAST_PATH_FORWARDED;
}

INLINE enum fast_path_refusal prepend_ipv6(
    struct packet *packet, const struct terms *terms, const struct fast_path_ipv6_ends *ends,
    uint8_t traffic_class, uint32_t length) {
    const struct ipv6_header outer = {
        .first = NETWORK32((uint32_t)6 << 28 | (uint32_t)traffic_class << 20 | terms->flow_label),
        .payload_length = NETWORK16(length + front(terms) - IPV6_HEADER),
        .next_header = protocol(terms),
        .hop_limit = FAST_PATH_TTL,
        .source = {ends->local[0], ends->local[1]},
        .destination = {ends->remote[0], ends->remote[1]},
    };
    const uint64_t flags = adjustment(terms) | ADJUST_ENCAPSULATE_IPV6;
    if (bpf_skb_adjust_room(packet, front(terms), ADJUST_AT_LINK_HEADER, flags)) return FAST_PATH_UNCHANGED;
    return bpf_skb_store_bytes(packet, link_header, &outer, IPV6_HEADER, 0) ? FAST_PATH_LOST : FAST_PATH_FORWARDED;
}

// Puts the outer headers in front: Core/Underlay/OuterHeaders.swift, Wire/Packets/GREPacket.swift.
INLINE enum fast_path_refusal prepend(
    struct packet *packet, const struct terms *terms, const struct fast_path_ipv6_ends *ends,
    uint8_t traffic_class, uint32_t length) {
    // What stands for several may be larger than a header can say.
    if (length + front(terms) > UINT16_MAX) return FAST_PATH_ODD_SEGMENTS;
    const enum fast_path_refusal refusal = terms->is_over_ipv6
        ? prepend_ipv6(packet, terms, ends, traffic_class, length)
        : prepend_ipv4(packet, terms, traffic_class, length);
    if (refusal) return refusal;
    if (terms->is_gre) {
        const uint32_t gre = NETWORK32(ETHERTYPE_IPV6);
        if (bpf_skb_store_bytes(packet, link_header + front(terms) - GRE_HEADER, &gre, GRE_HEADER, 0))
            return FAST_PATH_LOST;
    }
    // bpf_redirect_neigh takes one off.
    if (link_header == 0) {
        const uint16_t ethertype = NETWORK16(terms->is_over_ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
        if (bpf_skb_change_head(packet, ETHERNET_HEADER, 0)) return FAST_PATH_LOST;
        if (bpf_skb_store_bytes(packet, ETHERNET_HEADER - sizeof ethertype, &ethertype, sizeof ethertype, 0))
            return FAST_PATH_LOST;
    }
    return FAST_PATH_FORWARDED;
}

INLINE enum fast_path_refusal send_into_tunnel(
    struct packet *packet, struct fib_lookup *way, struct place *place) {
    struct view view;
    struct ipv6_header inner;
    struct terms terms = {};
    struct fast_path_ipv6_ends ends;
    struct load load;
    const uint32_t length = packet->len - link_header;
    enum fast_path_refusal refusal = look(&view);
    if (refusal) return refusal;
    if (bpf_skb_load_bytes(packet, link_header, &inner, IPV6_HEADER)) return FAST_PATH_SHORT;
    if (inner.first << 24 >> 28 != 6) return FAST_PATH_NOT_IPV6;
    const int32_t destination = owner_of(&view, inner.destination);
    if (destination >= 0) find_terms(&view, destination, &terms);
    const enum fast_path_refusal odd = measure(packet, link_header, &inner, length, &load);
    if (terms.keeps_order) *place = (struct place){.tid = destination, .packets = odd ? 1 : load.packets};
    if (is_silent(&view)) return FAST_PATH_SILENT;
    refusal = check_destination(&view, &inner, length, destination);
    if (refusal) return refusal;
    if (terms.mtu == 0) return FAST_PATH_SLOW_TUNNEL;
    if (odd) return odd;
    if (load.largest > terms.mtu) return FAST_PATH_TOO_BIG;
    struct fast_path_counter *counter = find_counter(destination);
    if (!counter) return FAST_PATH_SLOW_TUNNEL;
    if (terms.is_over_ipv6 && !find_ipv6_ends(&view, destination, &terms, &ends)) return FAST_PATH_SLOW_TUNNEL;
    refusal = find_next_hop(packet, &view, &terms, &ends, load.largest, way);
    if (refusal) return refusal;
    if (must_wait(FAST_PATH_ENCAPSULATE, destination)) return FAST_PATH_WAITING;
    refusal = prepend(packet, &terms, &ends, traffic_class(&inner), length);
    if (refusal) return refusal;
    count(destination, &counter->egress, &load, view.now);
    return FAST_PATH_FORWARDED;
}

SECTION("tc")
int encapsulate(struct packet *packet) {
    struct fib_lookup way;
    if (packet->protocol != NETWORK16(ETHERTYPE_IPV6)) return TC_ACT_UNSPEC;
    struct place place = {.tid = FAST_PATH_TUNNELS};
    const enum fast_path_refusal refusal = send_into_tunnel(packet, &way, &place);
    if (refusal) return refuse(FAST_PATH_ENCAPSULATE, refusal, &place);
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

// What was found of an outer packet.
struct form {
    // Where the inner packet begins, counted from the outer header.
    uint32_t front;
    uint8_t protocol;
    uint8_t traffic_class;
    bool is_ipv6;
    bool is_gre;
    // Whether its GRE header says more than what is inside.
    bool has_options;
};

// Looks at a GRE header, which was read as the beginning of an inner packet, and reads what stands behind it:
// Wire/Packets/GREPacket.swift.
INLINE enum fast_path_refusal look_into_gre(struct packet *packet, struct arrival *arrival, struct form *form) {
    const uint32_t header = NETWORK32(arrival->inner.first);
    const uint32_t flags = header >> 16;
    if ((uint16_t)header != ETHERTYPE_IPV6 || flags & GRE_REFUSED) return FAST_PATH_ODD_GRE;
    const uint32_t options
        = (flags >> GRE_CHECKSUM & 1) + (flags >> GRE_KEY & 1) + (flags >> GRE_SEQUENCE_NUMBER & 1);
    form->is_gre = true;
    form->has_options = flags != 0;
    form->front += GRE_HEADER + 4 * options;
    if (bpf_skb_load_bytes(packet, ETHERNET_HEADER + form->front, &arrival->inner, IPV6_HEADER))
        return FAST_PATH_SHORT;
    return FAST_PATH_FORWARDED;
}

// Reads the headers of a packet over IPv6, and what keeps it from the daemon's socket or hides whose it is.
INLINE enum fast_path_refusal read_ipv6(
    struct packet *packet, struct ipv6_header *outer, struct ipv6_header *inner, struct form *form) {
    if (bpf_skb_load_bytes(packet, ETHERNET_HEADER, outer, IPV6_HEADER)) return FAST_PATH_SHORT;
    if (bpf_skb_load_bytes(packet, ETHERNET_HEADER + IPV6_HEADER, inner, IPV6_HEADER)) return FAST_PATH_SHORT;
    if (packet->vlan_present) return FAST_PATH_TAGGED;
    if (packet->pkt_type != PACKET_TO_HOST) return FAST_PATH_OTHER_HOST;
    if (outer->first << 24 >> 28 != 6) return FAST_PATH_OPTIONS;
    form->front = IPV6_HEADER;
    form->protocol = outer->next_header;
    form->traffic_class = traffic_class(outer);
    return FAST_PATH_FORWARDED;
}

// The same over IPv4.
INLINE enum fast_path_refusal read_ipv4(struct packet *packet, struct arrival *arrival, struct form *form) {
    const struct ipv4_header *outer = &arrival->outer;
    if (bpf_skb_load_bytes(packet, ETHERNET_HEADER - 4, arrival, sizeof *arrival)) return FAST_PATH_SHORT;
    if (packet->vlan_present) return FAST_PATH_TAGGED;
    if (packet->pkt_type != PACKET_TO_HOST) return FAST_PATH_OTHER_HOST;
    form->front = IPV4_HEADER;
    form->protocol = outer->protocol;
    form->traffic_class = outer->traffic_class;
    if (outer->version_and_length != 0x45) return FAST_PATH_OPTIONS;
    if (outer->fragment & NETWORK16(IPV4_OFFSET)) return FAST_PATH_FRAGMENT;
    if (checksum(outer) != 0) return FAST_PATH_CHECKSUM;
    return FAST_PATH_FORWARDED;
}

// What the kernel would look at before a socket gets the packet, and Core/Pipeline/IngressCheck.swift.
INLINE enum fast_path_refusal check_outer(struct packet *packet, const struct ipv4_header *outer) {
    if (outer->fragment & NETWORK16(IPV4_MORE_FRAGMENTS)) return FAST_PATH_FRAGMENT;
    if (NETWORK16(outer->total_length) + ETHERNET_HEADER != packet->len) return FAST_PATH_OTHER_LENGTH;
    return FAST_PATH_FORWARDED;
}

INLINE enum fast_path_refusal check_outer_ipv6(struct packet *packet, const struct ipv6_header *outer) {
    const uint32_t length = ETHERNET_HEADER + IPV6_HEADER + NETWORK16(outer->payload_length);
    return length == packet->len ? FAST_PATH_FORWARDED : FAST_PATH_OTHER_LENGTH;
}

// Whether an inner packet may go from a tunnel to the outside: Core/Pipeline/SourcePolicy.swift and Route.swift.
INLINE enum fast_path_refusal check_inner(
    const struct view *view, const struct ipv6_header *inner, uint32_t length, int32_t source) {
    if (NETWORK16(inner->payload_length) + IPV6_HEADER != length) return FAST_PATH_OTHER_LENGTH;
    if (source < 0) return FAST_PATH_WRONG_SOURCE;
    if (owner_of(view, inner->destination) != EXTERNAL) return FAST_PATH_WRONG_DESTINATION;
    if (is_multicast(inner->destination) || is_link_local(inner->destination) || embeds_ipv4(inner->destination))
        return FAST_PATH_IMPOSSIBLE_DESTINATION;
    if (inner->hop_limit <= 1) return FAST_PATH_LAST_HOP;
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

// Takes what stands in front of the inner packet off, and has its header be as it leaves.
INLINE enum fast_path_refusal strip(struct packet *packet, uint32_t front, const struct ipv6_header *inner) {
    const uint64_t flags = ADJUST_DECAPSULATE_IPV6 | ADJUST_FIXED_SEGMENTS | ADJUST_KEEP_CHECKSUM;
    if (bpf_skb_adjust_room(packet, -(int32_t)front, ADJUST_AT_LINK_HEADER, flags)) return FAST_PATH_UNCHANGED;
    const uint32_t changed = offsetof(struct ipv6_header, source);
    if (bpf_skb_store_bytes(packet, ETHERNET_HEADER, inner, changed, STORE_RECOMPUTE_CHECKSUM)) return FAST_PATH_LOST;
    return FAST_PATH_FORWARDED;
}

INLINE bool comes_from_ipv6(
    const struct view *view, int32_t tid, const struct terms *terms, const struct ipv6_header *outer) {
    struct fast_path_ipv6_ends ends;
    if (tid < 0 || !terms->is_over_ipv6 || !find_ipv6_ends(view, tid, terms, &ends)) return false;
    return outer->source[0] == ends.remote[0] && outer->source[1] == ends.remote[1]
        && outer->destination[0] == ends.local[0] && outer->destination[1] == ends.local[1];
}

INLINE bool comes_from(const struct terms *terms, const struct ipv4_header *outer) {
    return !terms->is_over_ipv6 && outer->addresses[0] == terms->ends >> 32 && outer->addresses[1] == (uint32_t)terms->ends;
}

INLINE enum fast_path_refusal receive_from_tunnel(
    struct packet *packet, bool is_ipv6, struct arrival *arrival, uint32_t *tun, struct place *place) {
    struct view view;
    struct terms terms = {};
    struct load load;
    struct form form = {.is_ipv6 = is_ipv6};
    struct ipv6_header outer;
    struct ipv6_header *inner = &arrival->inner;
    enum fast_path_refusal refusal = look(&view);
    if (refusal) return refusal;
    refusal = is_ipv6 ? read_ipv6(packet, &outer, inner, &form) : read_ipv4(packet, arrival, &form);
    if (refusal) return refusal;
    if (form.protocol == PROTOCOL_GRE) {
        refusal = look_into_gre(packet, arrival, &form);
        if (refusal) return refusal;
    }
    if (inner->first << 24 >> 28 != 6) return FAST_PATH_NOT_IPV6;
    const uint32_t length = packet->len - ETHERNET_HEADER - form.front;
    const int32_t source = owner_of(&view, inner->source);
    if (source >= 0) find_terms(&view, source, &terms);
    const bool is_from_tunnel
        = is_ipv6 ? comes_from_ipv6(&view, source, &terms, &outer) : comes_from(&terms, &arrival->outer);
    const enum fast_path_refusal odd = measure(packet, ETHERNET_HEADER + form.front, inner, length, &load);
    // Of others than the tunnel's user nothing waits: nobody can slow a tunnel down from elsewhere.
    if (terms.keeps_order && is_from_tunnel)
        *place = (struct place){.tid = source, .packets = odd ? 1 : load.packets};
    if (is_silent(&view)) return FAST_PATH_SILENT;
    refusal = is_ipv6 ? check_outer_ipv6(packet, &outer) : check_outer(packet, &arrival->outer);
    if (refusal) return refusal;
    refusal = check_inner(&view, inner, length, source);
    if (refusal) return refusal;
    if (terms.mtu == 0) return FAST_PATH_SLOW_TUNNEL;
    if (!is_from_tunnel) return FAST_PATH_OTHER_ENDS;
    if (form.is_gre != terms.is_gre) return FAST_PATH_OTHER_KIND;
    if (form.has_options) return FAST_PATH_ODD_GRE;
    if (odd) return odd;
    refusal = combine(form.traffic_class, inner);
    if (refusal) return refusal;
    struct fast_path_counter *counter = find_counter(source);
    if (!counter) return FAST_PATH_SLOW_TUNNEL;
    if (must_wait(FAST_PATH_DECAPSULATE, source)) return FAST_PATH_WAITING;
    inner->hop_limit--;
    refusal = strip(packet, form.front, inner);
    if (refusal) return refusal;
    count(source, &counter->ingress, &load, view.now);
    *tun = READ_ONCE(view.control->tun);
    return FAST_PATH_FORWARDED;
}

SECTION("tc")
int decapsulate(struct packet *packet) {
    struct arrival arrival;
    uint32_t tun;
    uint8_t protocol;
    const bool is_ipv6 = packet->protocol == NETWORK16(ETHERTYPE_IPV6);
    if (!is_ipv6 && packet->protocol != NETWORK16(ETHERTYPE_IPV4)) return TC_ACT_UNSPEC;
    const uint32_t offset = ETHERNET_HEADER
        + (is_ipv6 ? offsetof(struct ipv6_header, next_header) : offsetof(struct ipv4_header, protocol));
    // Most of what a link brings is none of the PoP's business, and is not counted.
    if (bpf_skb_load_bytes(packet, offset, &protocol, sizeof protocol)
        || (protocol != PROTOCOL_IPV6 && protocol != PROTOCOL_GRE))
        return TC_ACT_UNSPEC;
    struct place place = {.tid = FAST_PATH_TUNNELS};
    const enum fast_path_refusal refusal = receive_from_tunnel(packet, is_ipv6, &arrival, &tun, &place);
    if (refusal) return refuse(FAST_PATH_DECAPSULATE, refusal, &place);
    return bpf_redirect(tun, REDIRECT_INGRESS);
}

// bpf_fib_lookup is for programs that may be had under the GPL too.
char terms_of_use[] SECTION("license") = "Dual BSD/GPL";
