import Core
import Testing
import Wire

@Suite("A packet") struct VerdictTests {
    /// Where a packet enters.
    enum Entry: Hashable, Sendable {
        case uplink
        /// Through a tunnel, the way its user sends.
        case tunnel(UInt16)
    }

    /// What must come of it.
    enum Expected: Hashable, Sendable {
        case intoTunnel(UInt16)
        case toUplink
        /// Answered with this ICMPv6 message, from this address.
        case icmp(type: UInt8, code: UInt8, from: IPv6Address)
        case consumed
        case dropped(DropReason)

        /// Says what an outcome amounts to.
        init?(_ outcome: Outcome) {
            switch outcome.fate {
            case .forwarded where outcome.sent?.isToUplink == true: self = .toUplink
            case .forwarded:
                guard let tunnel = outcome.sent?.tunnel else { return nil }
                self = .intoTunnel(tunnel)
            case .answered:
                guard let icmp = outcome.icmp else { return nil }
                self = .icmp(type: icmp.type, code: icmp.code, from: icmp.source)
            case .consumed: self = .consumed
            case .dropped(let reason): self = .dropped(reason)
            case .unbalanced: return nil
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let entry: Entry
        let source: String
        let destination: String
        let hopLimit: UInt8
        let size: Int
        let expected: Expected

        init(
            _ name: String,
            _ entry: Entry,
            _ source: String,
            to destination: String,
            hops: UInt8 = 64,
            size: Int = 60,
            is expected: Expected
        ) {
            self.testDescription = name
            self.entry = entry
            self.source = source
            self.destination = destination
            self.hopLimit = hops
            self.size = size
            self.expected = expected
        }
    }

    private static let internet = "2001:db8:ffff::10"
    private static let us0 = Plan.us(0)
    private static let us1 = Plan.us(1)
    private static let us4 = Plan.us(4)

    static func noRoute(from source: IPv6Address) -> Expected { .icmp(type: 1, code: 0, from: source) }
    static func prohibited(from source: IPv6Address) -> Expected { .icmp(type: 1, code: 1, from: source) }
    static func noSuchAddress(from source: IPv6Address) -> Expected { .icmp(type: 1, code: 3, from: source) }
    static func closedPort(from source: IPv6Address) -> Expected { .icmp(type: 1, code: 4, from: source) }
    static func policy(from source: IPv6Address) -> Expected { .icmp(type: 1, code: 5, from: source) }
    static func tooBig(from source: IPv6Address) -> Expected { .icmp(type: 2, code: 0, from: source) }
    static func exceeded(from source: IPv6Address) -> Expected { .icmp(type: 3, code: 0, from: source) }

    /// Tunnels 0, 1 (AYIYA), 4, 5 are up; 2 is down, 3 disabled, 7 not configured.
    // swift-format-ignore
    static let fromUplink: [Case] = [
        Case("to a user",                           .uplink, internet, to: "2001:db8:2ff::2",        is: .intoTunnel(0)),
        Case("to a user of AYIYA",                  .uplink, internet, to: "2001:db8:2ff:1::2",      is: .intoTunnel(1)),
        Case("to a user over IPv6",                 .uplink, internet, to: "2001:db8:2ff:5::2",      is: .intoTunnel(5)),
        Case("to the last tunnel",                  .uplink, internet, to: "2001:db8:2ff:1fff::2",   is: .intoTunnel(0x1fff)),
        Case("to a default /64",                    .uplink, internet, to: "2001:db8:2ff:8000::abc", is: .intoTunnel(0)),
        Case("to the last default /64",             .uplink, internet, to: "2001:db8:2ff:9fff::abc", is: .intoTunnel(0x1fff)),
        Case("to a /48 subnet",                     .uplink, internet, to: "2001:db8:3001:42::1",    is: .intoTunnel(0)),
        Case("to a /56 subnet",                     .uplink, internet, to: "2001:db8:4000:2ff::1",   is: .intoTunnel(1)),

        Case("to our side of a tunnel",             .uplink, internet, to: "2001:db8:2ff::1",        is: closedPort(from: us0)),
        Case("to the daemon",                       .uplink, internet, to: "2001:db8:2ff:ffff::1",   is: closedPort(from: Plan.daemon)),
        Case("to a disabled tunnel",                .uplink, internet, to: "2001:db8:2ff:3::2",      is: prohibited(from: Plan.us(3))),
        Case("to our side of a disabled tunnel",    .uplink, internet, to: "2001:db8:2ff:3::1",      is: prohibited(from: Plan.us(3))),
        Case("to the default /64 of a disabled one", .uplink, internet, to: "2001:db8:2ff:8003::2",  is: prohibited(from: Plan.us(3))),
        Case("to a tunnel that is down",            .uplink, internet, to: "2001:db8:2ff:2::2",      is: noRoute(from: Plan.us(2))),
        Case("to our side of one that is down",     .uplink, internet, to: "2001:db8:2ff:2::1",      is: noRoute(from: Plan.us(2))),
        Case("to the default /64 of a down one",    .uplink, internet, to: "2001:db8:2ff:8002::2",   is: noRoute(from: Plan.us(2))),
        Case("to another address of a /64",         .uplink, internet, to: "2001:db8:2ff::3",        is: noRoute(from: us0)),
        Case("to the zero address of a /64",        .uplink, internet, to: "2001:db8:2ff::",         is: noRoute(from: us0)),
        Case("to another address of a disabled one", .uplink, internet, to: "2001:db8:2ff:3::3",     is: prohibited(from: Plan.us(3))),
        Case("to beside the daemon",                .uplink, internet, to: "2001:db8:2ff:ffff::2",   is: noSuchAddress(from: Plan.daemon)),
        Case("to beyond the tunnels",               .uplink, internet, to: "2001:db8:2ff:2000::2",   is: noSuchAddress(from: Plan.daemon)),
        Case("to a /48 that nobody has",            .uplink, internet, to: "2001:db8:3000::1",       is: noSuchAddress(from: Plan.daemon)),
        Case("to a /56 that nobody has",            .uplink, internet, to: "2001:db8:4000:100::1",   is: noSuchAddress(from: Plan.daemon)),
        Case("to outside our prefixes",             .uplink, internet, to: "2001:db8:eeee::1",       is: .dropped(.impossibleDestination)),
        Case("to a group",                          .uplink, internet, to: "ff0e::1",                is: .dropped(.impossibleDestination)),
        Case("to a link-local address",             .uplink, internet, to: "fe80::1:1",              is: .dropped(.impossibleDestination)),

        Case("from a user's address",               .uplink, "2001:db8:2ff:1::2",  to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from our side's address",             .uplink, "2001:db8:2ff::1",    to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from a default /64",                  .uplink, "2001:db8:2ff:8001::1", to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from a subnet",                       .uplink, "2001:db8:3001::1",   to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from a /48 that nobody has",          .uplink, "2001:db8:3000::1",   to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from the daemon's address",           .uplink, "2001:db8:2ff:ffff::1", to: "2001:db8:2ff::2", is: .dropped(.ownSourceFromUplink)),
        Case("from nobody's address",               .uplink, "::",                 to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from loopback",                       .uplink, "::1",                to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from an IPv4-compatible address",     .uplink, "::192.0.2.1",        to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from an IPv4-mapped address",         .uplink, "::ffff:192.0.2.1",   to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from a group",                        .uplink, "ff02::1",            to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from the last group",                 .uplink, "ffff::1",            to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from a link-local address",           .uplink, "fe80::1",            to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from the last link-local address",    .uplink, "febf::1",            to: "2001:db8:2ff::2", is: .dropped(.impossibleSource)),
        Case("from just over link-local",           .uplink, "fec0::1",            to: "2001:db8:2ff::2", is: .intoTunnel(0)),

        Case("with hop limit 2",                    .uplink, internet, to: "2001:db8:2ff::2", hops: 2, is: .intoTunnel(0)),
        Case("with hop limit 1",                    .uplink, internet, to: "2001:db8:2ff::2", hops: 1, is: exceeded(from: us0)),
        Case("with hop limit 0",                    .uplink, internet, to: "2001:db8:2ff::2", hops: 0, is: exceeded(from: us0)),
        Case("to us, with hop limit 1",             .uplink, internet, to: "2001:db8:2ff::1", hops: 1, is: closedPort(from: us0)),
        Case("with hop limit 1 to a down tunnel",   .uplink, internet, to: "2001:db8:2ff:2::2", hops: 1, is: noRoute(from: Plan.us(2))),

        Case("of the MTU",                          .uplink, internet, to: "2001:db8:2ff:4::2", size: 1280, is: .intoTunnel(4)),
        Case("one octet over the MTU",              .uplink, internet, to: "2001:db8:2ff:4::2", size: 1281, is: tooBig(from: us4)),
        Case("of a larger MTU",                     .uplink, internet, to: "2001:db8:2ff::2", size: 1480, is: .intoTunnel(0)),
        Case("one octet over a larger MTU",         .uplink, internet, to: "2001:db8:2ff::2", size: 1481, is: tooBig(from: us0)),
        Case("too large, with hop limit 1",         .uplink, internet, to: "2001:db8:2ff:4::2", hops: 1, size: 1281, is: tooBig(from: us4)),
        Case("too large, to a tunnel that is down", .uplink, internet, to: "2001:db8:2ff:2::2", size: 1400, is: noRoute(from: Plan.us(2))),
        Case("too large, to us",                    .uplink, internet, to: "2001:db8:2ff:4::1", size: 1400, is: closedPort(from: us4)),
    ]

    private static let user = "2001:db8:2ff::2"

    // swift-format-ignore
    static let fromTunnel: [Case] = [
        Case("from a user to the internet",         .tunnel(0), user,                   to: internet, is: .toUplink),
        Case("from a default /64",                  .tunnel(0), "2001:db8:2ff:8000::7", to: internet, is: .toUplink),
        Case("from a subnet",                       .tunnel(0), "2001:db8:3001:1::7",   to: internet, is: .toUplink),
        Case("from a user of AYIYA",                .tunnel(1), "2001:db8:2ff:1::2",    to: internet, is: .toUplink),
        Case("from a subnet of a user of AYIYA",    .tunnel(1), "2001:db8:4000:201::9", to: internet, is: .toUplink),
        Case("from a user over IPv6",               .tunnel(5), "2001:db8:2ff:5::2",    to: internet, is: .toUplink),
        Case("from another address of the /64",     .tunnel(0), "2001:db8:2ff::3",      to: internet, is: policy(from: us0)),
        Case("from another address to a tunnel",    .tunnel(0), "2001:db8:2ff::3",      to: "2001:db8:2ff:1::2", is: policy(from: us0)),
        Case("from another address to us",          .tunnel(0), "2001:db8:2ff::3",      to: "2001:db8:2ff::1", is: policy(from: us0)),
        Case("from our own address",                .tunnel(0), "2001:db8:2ff::1",      to: internet, is: .dropped(.spoofedSource)),
        Case("from the internet's address",         .tunnel(0), internet,               to: internet, is: .dropped(.spoofedSource)),
        Case("from the daemon's address",           .tunnel(0), "2001:db8:2ff:ffff::1", to: internet, is: .dropped(.spoofedSource)),
        Case("from a subnet that nobody has",       .tunnel(0), "2001:db8:3000::1",     to: internet, is: .dropped(.spoofedSource)),

        Case("to another user",                     .tunnel(0), user, to: "2001:db8:2ff:1::2",      is: .intoTunnel(1)),
        Case("to another user's default /64",       .tunnel(0), user, to: "2001:db8:2ff:8005::1",   is: .intoTunnel(5)),
        Case("to another user's subnet",            .tunnel(0), user, to: "2001:db8:30ff::1",       is: .intoTunnel(4)),
        Case("to itself",                           .tunnel(0), user, to: user,                     is: .dropped(.sameIngressAndEgress)),
        Case("to its own default /64",              .tunnel(0), user, to: "2001:db8:2ff:8000::1",   is: .dropped(.sameIngressAndEgress)),
        Case("to its own subnet",                   .tunnel(0), user, to: "2001:db8:3001::1",       is: .dropped(.sameIngressAndEgress)),
        Case("to its own subnet, hop limit 1",      .tunnel(0), user, to: "2001:db8:3001::1", hops: 1, is: .dropped(.sameIngressAndEgress)),
        Case("to our side",                         .tunnel(0), user, to: "2001:db8:2ff::1",        is: closedPort(from: us0)),
        Case("to our side of another tunnel",       .tunnel(0), user, to: "2001:db8:2ff:1::1",      is: closedPort(from: us0)),
        Case("to the daemon",                       .tunnel(0), user, to: "2001:db8:2ff:ffff::1",   is: closedPort(from: us0)),
        Case("to another address of its own /64",   .tunnel(0), user, to: "2001:db8:2ff::3",        is: noRoute(from: us0)),
        Case("to another address of another's /64", .tunnel(0), user, to: "2001:db8:2ff:1::3",      is: noRoute(from: us0)),
        Case("to a disabled tunnel",                .tunnel(0), user, to: "2001:db8:2ff:3::2",      is: prohibited(from: us0)),
        Case("to a tunnel that is down",            .tunnel(0), user, to: "2001:db8:2ff:2::2",      is: noRoute(from: us0)),
        Case("to no tunnel",                        .tunnel(0), user, to: "2001:db8:2ff:7::2",      is: noSuchAddress(from: us0)),
        Case("to our side of no tunnel",            .tunnel(0), user, to: "2001:db8:2ff:7::1",      is: noSuchAddress(from: us0)),
        Case("to the default /64 of no tunnel",     .tunnel(0), user, to: "2001:db8:2ff:8007::1",   is: noSuchAddress(from: us0)),
        Case("to a subnet that nobody has",         .tunnel(0), user, to: "2001:db8:3000::1",       is: noSuchAddress(from: us0)),
        Case("to a group",                          .tunnel(0), user, to: "ff0e::1",                is: .dropped(.impossibleDestination)),
        Case("to all nodes on the link",            .tunnel(0), user, to: "ff02::1",                is: .dropped(.impossibleDestination)),
        Case("to somebody's link-local address",    .tunnel(0), user, to: "fe80::2",                is: .dropped(.impossibleDestination)),
        Case("to nobody's address",                 .tunnel(0), user, to: "::",                     is: .dropped(.impossibleDestination)),
        Case("to loopback",                         .tunnel(0), user, to: "::1",                    is: .dropped(.impossibleDestination)),
        Case("to an IPv4-mapped address",           .tunnel(0), user, to: "::ffff:192.0.2.1",       is: .dropped(.impossibleDestination)),

        Case("with hop limit 2",                    .tunnel(0), user, to: internet, hops: 2,            is: .toUplink),
        Case("with hop limit 1",                    .tunnel(0), user, to: internet, hops: 1,            is: exceeded(from: us0)),
        Case("with hop limit 0",                    .tunnel(0), user, to: internet, hops: 0,            is: exceeded(from: us0)),
        Case("with hop limit 2 to a user",          .tunnel(0), user, to: "2001:db8:2ff:1::2", hops: 2, is: .intoTunnel(1)),
        Case("with hop limit 1 to a user",          .tunnel(0), user, to: "2001:db8:2ff:1::2", hops: 1, is: exceeded(from: us0)),
        Case("with hop limit 0 to a user",          .tunnel(0), user, to: "2001:db8:2ff:1::2", hops: 0, is: exceeded(from: us0)),
        Case("with hop limit 1 to us",              .tunnel(0), user, to: "2001:db8:2ff::1", hops: 1,   is: closedPort(from: us0)),

        Case("of the other tunnel's MTU",           .tunnel(0), user, to: "2001:db8:2ff:4::2", size: 1280, is: .intoTunnel(4)),
        Case("over the other tunnel's MTU",         .tunnel(0), user, to: "2001:db8:2ff:4::2", size: 1281, is: tooBig(from: us0)),
        Case("over its own tunnel's MTU",           .tunnel(4), "2001:db8:2ff:4::2", to: internet, size: 1300, is: .toUplink),
    ]

    /// What the error is not allowed to say, since its source would be of no use.
    // swift-format-ignore
    static let fromImpossibleSources: [Case] = [
        Case("from nobody's address",           .tunnel(0), "::",               to: internet, is: .dropped(.impossibleSource)),
        Case("from loopback",                   .tunnel(0), "::1",              to: internet, is: .dropped(.impossibleSource)),
        Case("from an IPv4-compatible address", .tunnel(0), "::192.0.2.1",      to: internet, is: .dropped(.impossibleSource)),
        Case("from an IPv4-mapped address",     .tunnel(0), "::ffff:192.0.2.1", to: internet, is: .dropped(.impossibleSource)),
        Case("from a group",                    .tunnel(0), "ff02::1",          to: internet, is: .dropped(.impossibleSource)),
        Case("from a link-local address",       .tunnel(0), "fe80::2",          to: internet, is: .dropped(.impossibleSource)),
        Case("from a link-local to a user",     .tunnel(0), "fe80::2",          to: "2001:db8:2ff:1::2", is: .dropped(.impossibleSource)),
    ]

    private static func outcome(of example: Case) -> Outcome {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        let packet = Packet.udp(
            ipv6(example.source),
            ipv6(example.destination),
            size: example.size,
            hopLimit: example.hopLimit
        )
        switch example.entry {
        case .uplink: return pop.fromUplink(packet)
        case .tunnel(Plan.Tunnel.ayiya): return pop.fromUnderlay(.ayiya(.forward, packet))
        case .tunnel(let number): return pop.fromUnderlay(.sixInFour(packet, from: Plan.remote(of: number)))
        }
    }

    @Test(arguments: Self.fromUplink)
    func fromTheUplink(_ example: Case) {
        let outcome = Self.outcome(of: example)

        #expect(Expected(outcome) == example.expected)
    }

    @Test(arguments: Self.fromTunnel)
    func fromATunnel(_ example: Case) {
        let outcome = Self.outcome(of: example)

        #expect(Expected(outcome) == example.expected)
    }

    /// Only AYIYA says by itself which tunnel such a packet belongs to.
    @Test(arguments: Self.fromImpossibleSources)
    func ofAnImpossibleSource(_ example: Case) {
        let pop = TestPoP()
        let packet = Packet.udp(ipv6(example.source), ipv6(example.destination))

        let bare = pop.fromUnderlay(.sixInFour(packet, from: Plan.remote(of: 0)))
        let signed = pop.fromUnderlay(.ayiya(.forward, packet))

        #expect(bare.sent == nil)
        #expect(pop.count(of: .wrongSourceIPv6, on: nil) + pop.count(of: .wrongSourceIPv6, on: 0) == 1)
        #expect(Expected(signed) == example.expected)
        #expect(pop.count(of: .wrongSourceIPv6, on: Plan.Tunnel.ayiya) == 1)
    }

    @Test func losesAHopOnItsWayOutOfATunnelOnly() {
        let pop = TestPoP()
        let user = Plan.them(0)

        let down = pop.fromUplink(Packet.udp(Plan.internet, user, hopLimit: 9))
        let up = pop.fromUnderlay(
            .sixInFour(Packet.udp(user, Plan.internet, hopLimit: 9), from: Plan.remote(of: 0))
        )
        let across = pop.fromUnderlay(
            .sixInFour(Packet.udp(user, Plan.them(4), hopLimit: 9), from: Plan.remote(of: 0))
        )

        #expect(down.sent?.inner == Packet.udp(Plan.internet, user, hopLimit: 9))
        #expect(up.sent?.inner == Packet.udp(user, Plan.internet, hopLimit: 8))
        #expect(across.sent?.inner == Packet.udp(user, Plan.them(4), hopLimit: 8))
    }
}
