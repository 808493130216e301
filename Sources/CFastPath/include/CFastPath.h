/// What the programs of the fast path and the daemon have in common: tables that the daemon writes and the programs read,
/// counters that the programs write and the daemon reads, and the numbers of what the programs leave alone.
///
/// Numbers are in host order unless it is said otherwise. The programs are for hosts that begin with the low octet.
#ifndef CFASTPATH_H
#define CFASTPATH_H

#include <stdint.h>

enum {
    /// Tunnels of a PoP.
    FAST_PATH_TUNNELS = 8192,
    /// Prefixes that are cut up among tunnels.
    FAST_PATH_SUBNET_PREFIXES = 16,
    /// Subnets of one of them.
    FAST_PATH_SUBNETS = 256,
    /// In place of a tunnel's number: the subnet is nobody's.
    FAST_PATH_NOBODY = 0xffff,
    /// All tables that a configuration fills exist so often.
    FAST_PATH_BANKS = 2,
    /// How long the daemon may be silent, in nanoseconds, before the programs leave everything alone.
    FAST_PATH_LONGEST_SILENCE = 2000000000,
    /// The identification of outer packets is another one in each part of the time, which is so many bits of the monotonic clock's
    /// nanoseconds long.
    FAST_PATH_SLOT_SHIFT = 36,
    /// TTL of outer packets.
    FAST_PATH_TTL = 64,
    /// Of a tunnel's terms: packets that are left to the daemon are counted until it has done with them.
    FAST_PATH_KEEPS_ORDER = 1,
    /// Of a tunnel's terms: its packets travel in GRE.
    FAST_PATH_GRE = 2,
    /// Of a tunnel's terms: the outer packets are of IPv6.
    FAST_PATH_OVER_IPV6 = 4,
};

/// One for the PoP; what the daemon says at each instant.
struct fast_path_control {
    /// When the daemon last said that it lives, in nanoseconds of the monotonic clock; 0 has everything be left alone.
    uint64_t alive;
    /// Which of the tables are in force: one word, so that a whole configuration changes at one instant.
    uint32_t bank;
    /// The TUN device, which IPv4 forwarding must be on for (bpf_fib_lookup looks at nothing else of it).
    uint32_t tun;
};

/// A prefix that is cut up among tunnels.
struct fast_path_subnet_prefix {
    /// The upper half of its address.
    uint64_t high;
    /// The bits that say whether an address is in it.
    uint64_t mask;
    /// How far the 8 bits that say which subnet it is stand from the low end of the upper half.
    uint64_t shift;
};

/// The address plan, one a bank.
struct fast_path_plan {
    /// The upper half of the tunnel prefix, a /48.
    uint64_t tunnel_prefix;
    uint32_t has_tunnel_prefix;
    uint32_t subnet_prefix_count;
    struct fast_path_subnet_prefix subnet_prefixes[FAST_PATH_SUBNET_PREFIXES];
    /// The tunnel that each subnet is routed to.
    uint16_t owners[FAST_PATH_SUBNET_PREFIXES * FAST_PATH_SUBNETS];
};

/// A tunnel, 8192 a bank. Two words that are read and written as a whole: none is seen half written.
struct fast_path_tunnel {
    /// The outer addresses as an outgoing header has them: ours, then the user's, in network order. Over IPv6, a number that is another
    /// one whenever they changed (struct fast_path_ipv6_ends).
    uint64_t ends;
    /// From the low end on, 16 bits each: size of the largest inner packet that may pass, in octets, 0 for a tunnel that is not
    /// on the fast path; FAST_PATH_KEEPS_ORDER and others, or nothing; the identification of outer packets in even parts of the time, and in odd ones.
    /// Over IPv6 the upper half is the flow label instead.
    uint64_t terms;
};

/// The outer addresses of a tunnel over IPv6, in network order, 8192 a bank; read between two looks at the tunnel's row.
struct fast_path_ipv6_ends {
    uint64_t local[2];
    uint64_t remote[2];
};

/// What passed in one direction.
struct fast_path_traffic {
    uint64_t packets;
    /// Of inner packets, in octets.
    uint64_t octets;
    /// When the last one passed, in nanoseconds of the monotonic clock; 0 for never.
    uint64_t last;
};

/// What passed of a tunnel, 8192 a processor, each written by that processor alone.
struct fast_path_counter {
    /// From the user.
    struct fast_path_traffic ingress;
    /// To the user.
    struct fast_path_traffic egress;
};

enum fast_path_direction {
    /// From the TUN device into a tunnel.
    FAST_PATH_ENCAPSULATE,
    /// From a link, out of a tunnel.
    FAST_PATH_DECAPSULATE,
    FAST_PATH_DIRECTIONS,
};

/// How many packets of a tunnel were left to the daemon, and with how many of them it has done, in each direction; 8192. While
/// that differs, every packet is left to it: none overtakes one that came before.
struct fast_path_order {
    uint64_t left[FAST_PATH_DIRECTIONS];
    uint64_t done[FAST_PATH_DIRECTIONS];
};

/// Why a packet was left alone.
enum fast_path_refusal {
    /// It was not.
    FAST_PATH_FORWARDED,
    /// The daemon has not said for two seconds that it lives.
    FAST_PATH_SILENT,
    /// It ends before its headers do.
    FAST_PATH_SHORT,
    /// The inner packet is not IPv6.
    FAST_PATH_NOT_IPV6,
    /// It is not as long as its headers say: padding, or cut off.
    FAST_PATH_OTHER_LENGTH,
    /// No node has the inner source.
    FAST_PATH_IMPOSSIBLE_SOURCE,
    /// The inner source is one of the PoP's own, from outside; or no tunnel's, from a tunnel.
    FAST_PATH_WRONG_SOURCE,
    /// The inner destination is no tunnel's, from outside; or one of the PoP's own, from a tunnel.
    FAST_PATH_WRONG_DESTINATION,
    /// No router may send to the inner destination.
    FAST_PATH_IMPOSSIBLE_DESTINATION,
    /// It may take no further hop.
    FAST_PATH_LAST_HOP,
    /// The tunnel is not on the fast path.
    FAST_PATH_SLOW_TUNNEL,
    /// The outer ends are not the tunnel's.
    FAST_PATH_OTHER_ENDS,
    /// It stands for several packets in a way that is not understood.
    FAST_PATH_ODD_SEGMENTS,
    /// It is larger than what the tunnel takes.
    FAST_PATH_TOO_BIG,
    /// The kernel has no way, or no neighbour, to the tunnel's end.
    FAST_PATH_NO_NEXT_HOP,
    /// It is larger than what the kernel knows of the path to the tunnel's end.
    FAST_PATH_NARROW_PATH,
    /// It belongs to a VLAN of the link.
    FAST_PATH_TAGGED,
    /// It is not for this host's link address alone.
    FAST_PATH_OTHER_HOST,
    /// The outer header has options.
    FAST_PATH_OPTIONS,
    /// The outer packet is a fragment.
    FAST_PATH_FRAGMENT,
    /// The outer header's checksum is wrong.
    FAST_PATH_CHECKSUM,
    /// Congestion was marked outside, and the inner packet does not know ECN (RFC 6040).
    FAST_PATH_CONGESTION,
    /// The kernel does not change it as would be needed.
    FAST_PATH_UNCHANGED,
    /// It was changed and could not go on: dropped, the only ones.
    FAST_PATH_LOST,
    /// The daemon has packets of the tunnel in hand that came before.
    FAST_PATH_WAITING,
    /// It is GRE and the tunnel's packets are 6in4, or the other way round: the daemon follows the user from one to the other.
    FAST_PATH_OTHER_KIND,
    /// Its GRE header is not the plain one of 4 octets with IPv6 behind it.
    FAST_PATH_ODD_GRE,
    FAST_PATH_REFUSALS,
};

/// What a processor keeps for itself, beside the counters.
struct fast_path_processor {
    /// How many packets were left alone for each reason.
    uint64_t left[FAST_PATH_DIRECTIONS][FAST_PATH_REFUSALS];
    /// The tunnels whose counters changed since the daemon took their bits away; set after the counters.
    uint64_t touched[FAST_PATH_TUNNELS / 64];
    /// The same of those that packets were left of.
    uint64_t waiting[FAST_PATH_TUNNELS / 64];
};

/// The programs as an object file for bpf(2), made of programs/fast_path.bpf.c by programs/build.
extern const uint8_t *const fast_path_object;
extern const uint64_t fast_path_object_size;

#endif
