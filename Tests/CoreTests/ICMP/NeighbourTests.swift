import Core
import TestSupport
import Testing
import Wire

/// RFC 4861 §7.1.1, §7.2.4; RFC 4213 §3.7, §3.8.
@Suite("A neighbour solicitation") struct NeighbourTests {
    private static let user = Plan.them(0)
    private static let us = Plan.us(0)
    private static let linkLocal = ipv6("fe80::1")
    private static let peer = ipv6("fe80::c633:6401")

    private static func outcome(_ packet: [UInt8]) -> Outcome {
        TestPoP().fromUnderlay(.sixInFour(packet, from: Plan.remote(of: 0)))
    }

    struct Good: Sendable {
        let source: IPv6Address
        let destination: IPv6Address
        let target: IPv6Address
    }

    // swift-format-ignore
    static let good: [Row<Good, Void>] = [
        Row("to our address",                 Good(source: user, destination: us, target: us), is: ()),
        Row("to our group",                   Good(source: user, destination: us.solicitedNode, target: us), is: ()),
        Row("from a link-local address",      Good(source: peer, destination: us, target: us), is: ()),
        Row("for our link-local address",     Good(source: peer, destination: linkLocal, target: linkLocal), is: ()),
        Row("for it, from the user",          Good(source: user, destination: linkLocal, target: linkLocal), is: ()),
        Row("for it, to its group",           Good(source: user, destination: linkLocal.solicitedNode, target: linkLocal), is: ()),
        Row("from a subnet",                  Good(source: ipv6("2001:db8:3001::1"), destination: us, target: us), is: ()),
    ]

    @Test(arguments: Self.good)
    func isAnsweredWithAnAdvertisement(_ row: Row<Good, Void>) throws {
        let good = row.input

        let outcome = Self.outcome(Packet.solicitation(good.source, good.destination, target: good.target))
        let icmp = try #require(outcome.icmp)

        #expect(outcome.fate == .answered)
        #expect(outcome.sent?.remote == Plan.remote(of: 0))
        #expect(icmp.type == 136 && icmp.code == 0)
        #expect(icmp.hopLimit == 255)
        #expect(icmp.parameter == 0xc000_0000)
        #expect(icmp.source == good.target)
        #expect(icmp.destination == good.source)
        #expect(icmp.body == good.target.octets)
    }

    /// Inside AYIYA the identity names the tunnel; a bare packet has nothing but its outer address to go by.
    @Test func fromALinkLocalAddressToOurGroupIsAnswered() {
        let pop = TestPoP()
        let signed = Packet.solicitation(Self.peer, Plan.us(1).solicitedNode, target: Plan.us(1))
        let toUs = Packet.solicitation(Self.peer, Self.us.solicitedNode, target: Self.us)
        let toLinkLocal = Packet.solicitation(Self.peer, Self.linkLocal.solicitedNode, target: Self.linkLocal)

        #expect(pop.fromUnderlay(.ayiya(.forward, signed)).icmp?.source == Plan.us(1))
        #expect(Self.outcome(toUs).icmp?.source == Self.us)
        #expect(Self.outcome(toLinkLocal).icmp?.source == Self.linkLocal)
    }

    @Test func isAnsweredOnEachTunnelForItsOwnLinkLocalAddress() {
        let pop = TestPoP()
        let target = ipv6("fe80::1fff:1")

        let right = pop.fromUnderlay(
            .sixInFour(Packet.solicitation(Self.peer, target, target: target), from: Plan.remote(of: 0x1fff))
        )
        let wrong = pop.fromUnderlay(
            .sixInFour(Packet.solicitation(Plan.them(0), target, target: target), from: Plan.remote(of: 0))
        )

        #expect(right.icmp?.source == target)
        #expect(right.sent?.remote == Plan.remote(of: 0x1fff))
        #expect(wrong.sent == nil)
    }

    // swift-format-ignore
    static let bad: [Row<[UInt8], DropReason>] = [
        Row("hop limit 254",                  Packet.solicitation(user, us, target: us, hopLimit: 254), is: .unsolicitedLocalPacket),
        Row("hop limit 1",                    Packet.solicitation(user, us, target: us, hopLimit: 1),   is: .unsolicitedLocalPacket),
        Row("hop limit 0",                    Packet.solicitation(user, us, target: us, hopLimit: 0),   is: .unsolicitedLocalPacket),
        Row("code 1",                         Packet.solicitation(user, us, target: us, code: 1),       is: .unsolicitedLocalPacket),
        Row("for the user's address",         Packet.solicitation(user, us, target: user),              is: .unsolicitedLocalPacket),
        Row("for our side of another tunnel", Packet.solicitation(user, us, target: Plan.us(4)),        is: .unsolicitedLocalPacket),
        Row("for another link-local address", Packet.solicitation(user, us, target: ipv6("fe80::4:1")), is: .unsolicitedLocalPacket),
        Row("for the daemon",                 Packet.solicitation(user, us, target: Plan.daemon),       is: .unsolicitedLocalPacket),
        Row("for a group",                    Packet.solicitation(user, us, target: ipv6("ff02::1")),   is: .unsolicitedLocalPacket),
        Row("for nobody",                     Packet.solicitation(user, us, target: ipv6("::")),        is: .unsolicitedLocalPacket),
        Row("a target cut short",             Packet.icmp(user, us, type: 135, hopLimit: 255, body: Array(us.octets.dropLast())), is: .unsolicitedLocalPacket),
        Row("no target",                      Packet.icmp(user, us, type: 135, hopLimit: 255),          is: .unsolicitedLocalPacket),
        Row("a wrong checksum",               Packet.solicitation(user, us, target: us).with(0, at: 43), is: .wrongChecksum),
    ]

    @Test(arguments: Self.bad)
    func isDroppedFor(_ row: Row<[UInt8], DropReason>) {
        #expect(Self.outcome(row.input) == .nothing(but: .dropped(row.output)))
    }

    // swift-format-ignore
    static let options: [Row<[UInt8], Bool>] = [
        Row("a source link-layer address",  octets("0101 c63364010000"), is: true),
        Row("an option that nobody knows",  octets("c801 000000000000"), is: true),
        Row("an option of length 0",        octets("0100 c63364010000"), is: false),
        Row("an option beyond the packet",  octets("0102 c63364010000"), is: false),
    ]

    @Test(arguments: Self.options)
    func isJudgedByItsOptions(_ row: Row<[UInt8], Bool>) {
        let outcome = Self.outcome(
            Packet.solicitation(Self.user, Self.us, target: Self.us, options: row.input)
        )

        #expect((outcome.sent != nil) == row.output)
    }

    @Test func fromTheUplinkIsDropped() {
        let pop = TestPoP()

        let outcome = pop.fromUplink(Packet.solicitation(Plan.internet, Self.us, target: Self.us))

        #expect(outcome == .nothing(but: .dropped(.unsolicitedLocalPacket)))
    }

    @Test func fromALinkLocalAddressAtTheWrongEndIsDropped() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(
            .sixInFour(Packet.solicitation(Self.peer, Self.us, target: Self.us), from: Plan.elsewhere)
        )

        #expect(outcome == .nothing(but: .dropped(.spoofedSource)))
    }

    /// Link-local sources are for neighbour discovery with us, daemon.md section 3.
    @Test func aloneMayComeFromALinkLocalAddress() {
        let outcome = Self.outcome(Packet.udp(Self.peer, Self.us))

        #expect(outcome == .nothing(but: .dropped(.impossibleSource)))
    }
}
