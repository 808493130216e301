import Core
import TestSupport
import Testing
import Wire

@Suite("An echo request to us") struct EchoTests {
    private static let user = Plan.them(0)
    private static let remote = Plan.remote(of: 0)

    /// The same message with source and destination exchanged, of type 129.
    private static func reply(to request: [UInt8]) -> [UInt8] {
        let source = IPv6Address(octets: request[24..<40])
        let destination = IPv6Address(octets: request[8..<24])
        let parameter = request[44..<48].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Packet.icmp(source, destination, type: 129, parameter: parameter, body: request.from(48))
    }

    @Test(arguments: [48, 49, 55, 56, 57, 84, 1000, 1279, 1280, 1281, 1479, 1480])
    func isAnsweredWhateverItsSize(_ size: Int) {
        let pop = TestPoP()
        let native = Packet.ping(Plan.internet, Plan.us(0), size: size)
        let tunnelled = Packet.ping(Self.user, Plan.us(0), size: size)

        let fromUplink = pop.fromUplink(native)
        let fromTunnel = pop.fromUnderlay(.sixInFour(tunnelled, from: Self.remote))

        #expect(fromUplink.fate == .answered)
        #expect(fromUplink.sent?.isToUplink == true)
        #expect(fromUplink.sent?.octets == Self.reply(to: native))
        #expect(fromTunnel.fate == .answered)
        #expect(fromTunnel.sent?.remote == Self.remote)
        #expect(fromTunnel.sent?.inner == Self.reply(to: tunnelled))
    }

    // swift-format-ignore
    static let pinged: [Row<IPv6Address, IPv6Address>] = [
        Row("our side of the tunnel",              Plan.us(0),        is: Plan.us(0)),
        Row("our side of another tunnel",          Plan.us(4),        is: Plan.us(4)),
        Row("the daemon",                          Plan.daemon,       is: Plan.daemon),
        Row("our link-local address on the tunnel", ipv6("fe80::1"),  is: ipv6("fe80::1")),
    ]

    @Test(arguments: Self.pinged)
    func isAnsweredFromTheAddressThatWasPinged(_ row: Row<IPv6Address, IPv6Address>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.sixInFour(Packet.ping(Self.user, row.input), from: Self.remote))

        #expect(outcome.icmp?.type == 129)
        #expect(outcome.icmp?.source == row.output)
        #expect(outcome.icmp?.destination == Self.user)
        #expect(outcome.sent?.remote == Self.remote)
    }

    @Test func isAnsweredThroughTheEncapsulationItCameIn() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))

        let gre = pop.fromUnderlay(.gre(Packet.ping(Self.user, Plan.us(0)), from: Self.remote))
        let ayiya = pop.fromUnderlay(.ayiya(.forward, Packet.ping(Plan.them(1), Plan.us(1))))

        #expect(gre.sent?.octets[9] == ProtocolNumber.gre)
        #expect(gre.icmp?.type == 129)
        #expect(ayiya.sent?.octets[9] == ProtocolNumber.udp)
        #expect(ayiya.icmp?.type == 129)
    }

    // swift-format-ignore
    static let chains: [Row<(UInt8, [UInt8]), Bool>] = [
        Row("destination options",            (60, octets("3a00 0104 00000000")), is: true),
        Row("hop-by-hop options",             (0,  octets("3a00 0104 00000000")), is: true),
        Row("long destination options",       (60, octets("3a01 010c 00000000 0000000000000000")), is: true),
        Row("a used up routing header",       (43, octets("3a00 0400 00000000")), is: true),
        Row("routing header 0, used up",      (43, octets("3a02 0000 00000000 20010db8ffff00000000000000000010")), is: true),
        Row("an authentication header",       (51, octets("3a04 0000 00000001 00000001 0102030405060708090a0b0c")), is: true),
        Row("two headers",                    (0,  octets("3c00 0104 00000000 3a00 0104 00000000")), is: true),
        Row("an atomic fragment (RFC 6946)",  (44, octets("3a00 0000 00000001")), is: true),
        Row("a first fragment",               (44, octets("3a00 0001 00000001")), is: false),
        Row("a later fragment",               (44, octets("3a00 0008 00000001")), is: false),
    ]

    @Test(arguments: Self.chains)
    func isAnsweredBehindExtensionHeaders(_ row: Row<(UInt8, [UInt8]), Bool>) {
        let pop = TestPoP()
        let plain = Packet.ping(Plan.internet, Plan.us(0), size: 96)
        let request = Packet.ipv6(
            Plan.internet,
            Plan.us(0),
            nextHeader: row.input.0,
            row.input.1 + plain.from(40)
        )

        let outcome = pop.fromUplink(request)

        #expect(outcome.sent?.octets == (row.output ? Self.reply(to: plain) : nil))
        #expect(outcome.fate == (row.output ? .answered : .dropped(.unsolicitedLocalPacket)))
    }

    @Test func isNotAnsweredWhenItsChecksumIsWrong() {
        let pop = TestPoP()
        let request = Packet.ping(Plan.internet, Plan.us(0), size: 64)

        for index in 40..<64 {
            let outcome = pop.fromUplink(request.with(request[index] ^ 0x10, at: index))
            #expect(outcome.sent == nil, "octet \(index)")
        }
        #expect(pop.errors(on: 0) == [.wrongPayload: 24])
    }

    @Test(arguments: 0..<8)
    func isMalformedWhenCutShort(_ count: Int) {
        let pop = TestPoP()
        let request = Packet.ipv6(
            Plan.internet,
            Plan.us(0),
            nextHeader: 58,
            [UInt8](repeating: 128, count: count)
        )

        let outcome = pop.fromUplink(request)

        #expect(outcome == .nothing(but: .dropped(.malformedPacket)))
    }

    @Test func toAGroupIsNotAnswered() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(
            .sixInFour(Packet.ping(Self.user, Plan.us(0).solicitedNode), from: Self.remote)
        )

        #expect(outcome == .nothing(but: .dropped(.unsolicitedLocalPacket)))
    }

    @Test func inTransitIsForwarded() {
        let pop = TestPoP()
        let request = Packet.ping(Plan.internet, Self.user)

        let outcome = pop.fromUplink(request)

        #expect(outcome.fate == .forwarded)
        #expect(outcome.sent?.inner == request)
    }
}

extension IPv6Address {
    /// The address that 16 octets in network order are.
    init(octets: some Collection<UInt8>) {
        let halves = [octets.prefix(8).map(\.self), octets.dropFirst(8).map(\.self)].map { half in
            half.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        self.init(high: halves[0], low: halves[1])
    }
}
