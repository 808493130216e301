import Core
import TestSupport
import Testing
import Wire

@Suite("An ICMPv6 error") struct ICMPv6ErrorTests {
    private static let user = Plan.them(0)
    private static let remote = Plan.remote(of: 0)
    private static let internet = Plan.internet

    // MARK: - What it says

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let cause: [UInt8]
        let type: UInt8
        let code: UInt8
        var parameter: UInt32 = 0
        let source: IPv6Address
        let kind: ErrorKind?
        /// The tunnel whose error counter moves.
        var tunnel: UInt16?
    }

    // swift-format-ignore
    static let table: [Case] = [
        Case(testDescription: "no such tunnel", cause: Packet.udp(internet, Plan.address(0x2000, 2)),
             type: 1, code: 3, source: Plan.daemon, kind: nil),
        Case(testDescription: "tunnel disabled", cause: Packet.udp(internet, Plan.them(3)),
             type: 1, code: 1, source: Plan.us(3), kind: .disabledTunnel, tunnel: 3),
        Case(testDescription: "tunnel down", cause: Packet.udp(internet, Plan.them(2)),
             type: 1, code: 0, source: Plan.us(2), kind: nil),
        Case(testDescription: "another address", cause: Packet.udp(internet, Plan.address(0, 77)),
             type: 1, code: 0, source: Plan.us(0), kind: nil),
        Case(testDescription: "too big for 1280", cause: Packet.udp(internet, Plan.them(4), size: 1281),
             type: 2, code: 0, parameter: 1280, source: Plan.us(4), kind: .packetTooBig, tunnel: 4),
        Case(testDescription: "too big for 1480", cause: Packet.udp(internet, Plan.them(0), size: 1500),
             type: 2, code: 0, parameter: 1480, source: Plan.us(0), kind: .packetTooBig, tunnel: 0),
        Case(testDescription: "hop limit", cause: Packet.udp(internet, Plan.them(0), hopLimit: 1),
             type: 3, code: 0, source: Plan.us(0), kind: nil),
        Case(testDescription: "closed port", cause: Packet.udp(internet, Plan.us(0)),
             type: 1, code: 4, source: Plan.us(0), kind: nil),
        Case(testDescription: "closed port of the daemon", cause: Packet.udp(internet, Plan.daemon),
             type: 1, code: 4, source: Plan.daemon, kind: nil),
    ]

    @Test(arguments: Self.table)
    func saysToTheInternet(_ example: Case) throws {
        let pop = TestPoP()

        let outcome = pop.fromUplink(example.cause)
        let icmp = try #require(outcome.icmp)

        #expect(outcome.fate == .answered)
        #expect(outcome.sent?.isToUplink == true)
        #expect(icmp.type == example.type && icmp.code == example.code)
        #expect(icmp.parameter == example.parameter)
        #expect(icmp.source == example.source)
        #expect(icmp.destination == Self.internet)
        #expect(icmp.hopLimit == 64)
        #expect(icmp.body == Array(example.cause.prefix(1232)))
        #expect(pop.errors(on: example.tunnel) == (example.kind.map { [$0: 1] } ?? [:]))
    }

    @Test func quotesThePacketAsItCameOutOfTheTunnel() throws {
        let pop = TestPoP()
        let cause = Packet.udp(Self.user, Self.internet, hopLimit: 1)

        let outcome = pop.fromUnderlay(.sixInFour(cause, from: Self.remote).padded(9))
        let icmp = try #require(outcome.icmp)

        #expect(outcome.sent?.remote == Self.remote)
        #expect(icmp.source == Plan.us(0))
        #expect(icmp.destination == Self.user)
        #expect(icmp.body == cause)
    }

    @Test func aboutASourceThatIsNotTheUsersSaysPolicyAndIsCounted() throws {
        let pop = TestPoP()
        let cause = Packet.udp(Plan.address(0, 99), Self.internet)

        let outcome = pop.fromUnderlay(.sixInFour(cause, from: Self.remote))
        let icmp = try #require(outcome.icmp)

        #expect(icmp.type == 1 && icmp.code == 5)
        #expect(icmp.source == Plan.us(0))
        #expect(icmp.destination == Plan.address(0, 99))
        #expect(outcome.sent?.remote == Self.remote)
        #expect(pop.errors(on: 0) == [.wrongSourceIPv6: 1])
    }

    // MARK: - How much it quotes (RFC 4443 §2.4(c))

    // swift-format-ignore
    static let quotations: [Row<Int, Int>] = [
        Row("a header alone",          40,    is: 88),
        Row("under the limit",         1231,  is: 1279),
        Row("exactly the limit",       1232,  is: 1280),
        Row("one octet over it",       1233,  is: 1280),
        Row("a full packet",           1280,  is: 1280),
        Row("a large packet",          1500,  is: 1280),
        Row("the largest packet",      65575, is: 1280),
    ]

    @Test(arguments: Self.quotations)
    func quotesAsMuchAsFits(_ row: Row<Int, Int>) throws {
        let pop = TestPoP()
        let cause = Packet.ipv6(Self.internet, Plan.them(2), [UInt8](repeating: 0x5a, count: row.input - 40))

        let outcome = pop.fromUplink(cause)
        let icmp = try #require(outcome.icmp)

        #expect(outcome.sent?.octets.count == row.output)
        #expect(icmp.body == Array(cause.prefix(row.output - 48)))
    }

    // MARK: - Whom it must not be sent to or be about (RFC 4443 §2.4(e))

    /// Packets to a tunnel that is down; what follows the header decides.
    // swift-format-ignore
    static let causes: [Row<[UInt8], Bool>] = [
        Row("(e.1) destination unreachable", Packet.icmp(internet, Plan.them(2), type: 1),   is: false),
        Row("(e.1) packet too big",          Packet.icmp(internet, Plan.them(2), type: 2),   is: false),
        Row("(e.1) time exceeded",           Packet.icmp(internet, Plan.them(2), type: 3),   is: false),
        Row("(e.1) parameter problem",       Packet.icmp(internet, Plan.them(2), type: 4),   is: false),
        Row("(e.1) an unknown error",        Packet.icmp(internet, Plan.them(2), type: 100), is: false),
        Row("(e.1) the last error",          Packet.icmp(internet, Plan.them(2), type: 127), is: false),
        Row("an echo request",               Packet.icmp(internet, Plan.them(2), type: 128), is: true),
        Row("an echo reply",                 Packet.icmp(internet, Plan.them(2), type: 129), is: true),
        Row("an advertisement",              Packet.icmp(internet, Plan.them(2), type: 136), is: true),
        Row("(e.2) a redirect",              Packet.icmp(internet, Plan.them(2), type: 137), is: false),
        Row("just over redirect",            Packet.icmp(internet, Plan.them(2), type: 138), is: true),
        Row("(e.1) behind destination options",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 60, octets("3a00 0104 00000000 0100000000000000")), is: false),
        Row("(e.1) behind hop-by-hop options",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 0, octets("3a00 0104 00000000 0300000000000000")), is: false),
        Row("(e.1) behind a routing header",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 43, octets("3a00 0401 00000000 0300000000000000")), is: false),
        Row("(e.1) in a first fragment",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 44, octets("3a00 0001 00000001 0300000000000000")), is: false),
        Row("an echo request in a first fragment",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 44, octets("3a00 0001 00000001 8000000000000000")), is: true),
        Row("a later fragment that may be an error",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 44, octets("3a00 0008 00000001 8000000000000000")), is: false),
        Row("a later fragment of UDP",
            Packet.ipv6(internet, Plan.them(2), nextHeader: 44, octets("1100 0008 00000001 8000000000000000")), is: true),
        Row("ICMPv6 without a type",         Packet.ipv6(internet, Plan.them(2), nextHeader: 58, []), is: false),
        Row("UDP",                           Packet.udp(internet, Plan.them(2)), is: true),
        Row("nothing",                       Packet.ipv6(internet, Plan.them(2)), is: true),
    ]

    @Test(arguments: Self.causes)
    func isNeverAboutAnErrorOrRedirect(_ row: Row<[UInt8], Bool>) {
        let pop = TestPoP()

        let outcome = pop.fromUplink(row.input)

        #expect(outcome.fate == (row.output ? .answered : .dropped(.downTunnel)))
        #expect((outcome.sent != nil) == row.output)
    }

    /// Each of the errors, caused by an ICMPv6 error: none of them is sent.
    // swift-format-ignore
    static let chatter: [Row<IPv6Address, DropReason>] = [
        Row("no such tunnel",  Plan.address(0x2000, 2), is: .missingTunnel),
        Row("tunnel disabled", Plan.them(3),            is: .disabledTunnel),
        Row("tunnel down",     Plan.them(2),            is: .downTunnel),
        Row("another address", Plan.address(0, 77),     is: .unassignedAddress),
        Row("too big",         Plan.them(4),            is: .oversizedPacket),
        Row("hop limit",       Plan.them(0),            is: .exhaustedHopLimit),
    ]

    @Test(arguments: Self.chatter)
    func isNeverAnsweredWithOne(_ row: Row<IPv6Address, DropReason>) {
        let pop = TestPoP()
        let body = [UInt8](repeating: 0, count: row.output == .oversizedPacket ? 1300 : 56)

        let outcome = pop.fromUplink(Packet.icmp(Self.internet, row.input, type: 1, hopLimit: 1, body: body))

        #expect(outcome == .nothing(but: .dropped(row.output)))
    }

    /// (e.3), (e.4), (e.5): to a group, the only kind of which reaches us is neighbour discovery's.
    @Test func isNeverAboutAPacketToAGroup() {
        let pop = TestPoP()
        let group = Plan.us(0).solicitedNode
        let cause = Packet.udp(Self.user, group, hopLimit: 1)

        let outcome = pop.fromUnderlay(.sixInFour(cause, from: Self.remote))

        #expect(outcome == .nothing(but: .dropped(.closedPort)))
    }

    /// (e.6): a source that is not the address of a single node.
    // swift-format-ignore
    static let namelessSources = ["::", "ff02::1", "ff0e::1", "::1", "::ffff:192.0.2.1", "fe80::1"]

    @Test(arguments: Self.namelessSources)
    func isNeverSentToWhatNamesNoSingleNode(_ source: String) {
        let pop = TestPoP()

        let outcome = pop.fromUplink(Packet.udp(ipv6(source), Plan.them(2)))

        #expect(outcome == .nothing(but: .dropped(.impossibleSource)))
    }

    /// (e.6): the subnet-router anycast address of the tunnel's /64 (RFC 4291 §2.6.1) is one that we know.
    @Test func isNeverSentToTheAnycastAddressOfATunnel() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(
            .sixInFour(Packet.udp(Plan.address(0, 0), Self.internet), from: Self.remote)
        )

        #expect(outcome.sent == nil)
    }

    @Test func neverHasItsDestinationForSource() {
        let pop = TestPoP()

        for tunnel: UInt16 in [0, 3, 4] {
            let outcome = pop.fromUplink(Packet.udp(Plan.us(tunnel), Plan.them(tunnel), size: 1500))
            #expect(outcome.sent == nil, "tunnel \(tunnel)")
        }
    }

    // MARK: - Where it comes from

    // swift-format-ignore
    static let destinations: [Row<IPv6Address, IPv6Address>] = [
        Row("a tunnel that is down",          Plan.them(2),            is: Plan.us(0)),
        Row("a tunnel that is disabled",      Plan.them(3),            is: Plan.us(0)),
        Row("our side of a disabled tunnel",  Plan.us(3),              is: Plan.us(0)),
        Row("no tunnel",                      Plan.address(0x2000, 1), is: Plan.us(0)),
        Row("another's unassigned address",   Plan.address(4, 9),      is: Plan.us(0)),
        Row("the daemon",                     Plan.daemon,             is: Plan.us(0)),
        Row("our side of another tunnel",     Plan.us(4),              is: Plan.us(0)),
        Row("a subnet that nobody has",       ipv6("2001:db8:3000::"), is: Plan.us(0)),
    ]

    @Test(arguments: Self.destinations)
    func comesFromTheIncomingTunnelWhenTwoAreConcerned(_ row: Row<IPv6Address, IPv6Address>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.sixInFour(Packet.udp(Self.user, row.input), from: Self.remote))

        #expect(outcome.icmp?.source == row.output)
        #expect(outcome.sent?.remote == Self.remote)
    }

    /// An unassigned address of a tunnel that is not configured belongs to no tunnel, as its `::2` does.
    @Test func comesFromTheSameAddressForAllAddressesOfNoTunnel() {
        let pop = TestPoP()

        let sources = (1...4).map {
            pop.fromUplink(Packet.udp(Self.internet, Plan.address(7, $0))).icmp?.source
        }

        #expect(Set(sources).count == 1)
    }
}
