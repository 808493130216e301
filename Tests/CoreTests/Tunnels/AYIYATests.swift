import Core
import TestSupport
import Testing
import Wire

@Suite("AYIYA") struct AYIYATests {
    private static let inner = Packet.udp(Plan.them(1), Plan.internet, hopLimit: 9)

    // MARK: - Vectors

    struct GoodVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let identity: String
        let password: String
        let epoch: UInt32
        let opcode: UInt8
        let nextHeader: UInt8
        let payload: HexadecimalOctets
        let datagram: HexadecimalOctets

        var testDescription: String { self.label }
    }

    /// A PoP whose tunnel 1 has a password, at a time.
    private static func pop(password: String, at time: Int64) -> TestPoP {
        TestPoP(Plan.popLines + "tunnel set config 1 T1 ayiya up 1428 \(password)\n", at: time)
    }

    @Test(arguments: Vectors<GoodVector>.load("ayiya"))
    func takesTheVectors(_ vector: GoodVector) {
        let pop = Self.pop(password: vector.password, at: Int64(vector.epoch))

        let outcome = pop.fromUnderlay(.ayiyaPort(vector.datagram.octets, from: Plan.home))

        guard vector.identity.hasSuffix("::2") else {
            // One is the PoP's own: it names no user.
            #expect(outcome == .nothing(but: .dropped(.spoofedSource)))
            return
        }
        #expect(pop.tunnel(1).condition == .up)
        #expect(pop.tunnel(1).encapsulation == .ayiya)
        #expect(pop.errors(on: 1).isEmpty)
        switch vector.opcode {
        case 1:
            #expect(outcome.sent?.octets == vector.payload.octets.with(vector.payload.octets[7] - 1, at: 7))
        case 2: #expect(outcome.fate == .answered)
        default: #expect(outcome.fate == .consumed)
        }
    }

    /// What the PoP sends to its user is the vector of that label, bit for bit.
    @Test func producesTheVectorOfThePoP() throws {
        let vector = try #require(
            Vectors<GoodVector>.load("ayiya").first { $0.identity.hasSuffix(":1::1") }
        )
        let pop = Self.pop(password: vector.password, at: Int64(vector.epoch))
        _ = pop.fromUnderlay(.ayiya(.noOperation, time: Int64(vector.epoch), password: vector.password))

        let sent = try #require(pop.fromUplink(vector.payload.octets).sent)

        #expect(try OuterPacket(wholePacket: sent.octets).payload == vector.datagram.octets)
    }

    struct BadVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let password: String
        let datagram: HexadecimalOctets

        var testDescription: String { self.label }
    }

    /// Everything that is not listed is no AYIYA at all.
    private static let reasons: [String: DropReason] = [
        "hash bit flipped": .ayiyaHashMismatch,
        "payload bit flipped": .ayiyaHashMismatch,
        "epoch flipped": .ayiyaHashMismatch,
        "payload says IPv6, is IPv4 (hash right)": .nonIPv6Payload,
        "payload says IPv4, is IPv6 (hash right)": .nonIPv4Payload,
        "forward with no next header (hash right)": .invalidAYIYAForward,
        "forward IPv6 with 39 bytes (hash right)": .malformedPacket,
        "forward IPv6 with 0 bytes (hash right)": .malformedPacket,
        "inner payload length beyond the datagram (hash right)": .malformedPacket,
    ]

    @Test(arguments: Vectors<BadVector>.load("ayiya-bad"), [false, true])
    func refusesTheBadVectors(_ vector: BadVector, whenUp isUp: Bool) throws {
        let pop = Self.pop(password: vector.password, at: Plan.startTime)
        if isUp { _ = pop.fromUnderlay(.ayiya(.noOperation, from: Plan.elsewhere)) }
        let before = pop.tunnel(1)
        let reason = Self.reasons[vector.label] ?? .nonAYIYAPacket
        let kind = try #require(reason.errorKind)
        let tunnel: UInt16? = reason == .nonAYIYAPacket ? nil : 1

        let outcome = pop.fromUnderlay(.ayiyaPort(vector.datagram.octets, from: Plan.home))

        #expect(outcome == .nothing(but: .dropped(reason)))
        #expect(pop.errors(on: tunnel) == [kind: 1])
        #expect(pop.errors(on: tunnel == nil ? 1 : nil).isEmpty)
        let after = pop.tunnel(1)
        #expect(after.condition == before.condition && after.path == before.path)
        #expect(after.encapsulation == before.encapsulation && after.lastTimes.beat == before.lastTimes.beat)
        #expect(after.traffic == before.traffic)
    }

    // MARK: - Opcodes

    @Test func forwards() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.ayiya(.forward, Self.inner))

        #expect(outcome.fate == .forwarded)
        #expect(outcome.sent?.octets == Self.inner.with(8, at: 7))
        #expect(outcome.spare == nil)
    }

    @Test(arguments: [AYIYAOpcode.noOperation, .echoResponse])
    func takesWhatAsksForNothing(_ opcode: AYIYAOpcode) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.ayiya(opcode))

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.tunnel(1).condition == .up)
    }

    private static func expectEcho(
        _ sent: Transmitted?,
        of payload: [UInt8],
        nextHeader: UInt8,
        to remote: IPAddress
    ) throws {
        let outer = try OuterPacket(wholePacket: try #require(sent).octets)
        let octets = outer.payload
        let packet = try AYIYAPacket(octets.span.bytes)
        #expect(outer.path.remote == remote && outer.path.remotePort == 40000 && outer.path.localPort == 5072)
        #expect(packet.opcode == .echoResponse)
        #expect(packet.nextHeader == nextHeader)
        #expect(packet.identity == Plan.us(1))
        #expect(packet.payload.octets == payload)
        #expect(packet.hasSignature(by: AYIYASecret(password: Plan.ayiyaPassword)) == true)
    }

    // swift-format-ignore
    static let echoes: [Row<[UInt8], UInt8>] = [
        Row("an empty one",           [],    is: 59),
        Row("with octets behind none", [1, 2, 3], is: 59),
        Row("around an IPv6 packet",  inner, is: 41),
        Row("around an IPv4 packet",  octets("4500001c000040004011b6cdc0000201c00002027878787878787878"), is: 4),
        Row("of a full datagram",     [UInt8](repeating: 7, count: 1428), is: 59),
    ]

    @Test(arguments: Self.echoes)
    func answersAnEchoRequest(_ row: Row<[UInt8], UInt8>) throws {
        for remote in [Plan.home, ip("2001:db8:beef::77")] {
            let pop = TestPoP()

            let outcome = pop.fromUnderlay(
                .ayiya(.echoRequest, row.input, nextHeader: row.output, from: remote)
            )

            #expect(outcome.fate == .answered)
            #expect(outcome.spare == nil)
            try Self.expectEcho(outcome.sent, of: row.input, nextHeader: row.output, to: remote)
        }
    }

    @Test func answersAndForwards() throws {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.ayiya(.echoRequestAndForward, Self.inner))

        #expect(outcome.fate == .forwarded)
        #expect(outcome.sent?.octets == Self.inner.with(8, at: 7))
        try Self.expectEcho(outcome.spare, of: Self.inner, nextHeader: 41, to: Plan.home)
    }

    @Test func answersEvenWhenTheInnerPacketIsDropped() throws {
        let pop = TestPoP()
        let spoofed = Packet.udp(Plan.them(0), Plan.internet)

        let outcome = pop.fromUnderlay(.ayiya(.echoRequestAndForward, spoofed))

        #expect(outcome.fate == .dropped(.spoofedSource))
        #expect(outcome.sent == nil)
        try Self.expectEcho(outcome.spare, of: spoofed, nextHeader: 41, to: Plan.home)
    }

    @Test func forwardsAndAnswersInOneGo() throws {
        let pop = TestPoP()
        let ping = Packet.ping(Plan.them(1), Plan.us(1))

        let outcome = pop.fromUnderlay(.ayiya(.echoRequestAndForward, ping))

        #expect(outcome.fate == .answered)
        #expect(outcome.icmp?.type == 129)
        try Self.expectEcho(outcome.spare, of: ping, nextHeader: 41, to: Plan.home)
    }

    // swift-format-ignore
    static let invalid: [Row<(AYIYAOpcode, UInt8), DropReason>] = [
        Row("forward of nothing",               (.forward, 59),               is: .invalidAYIYAForward),
        Row("forward of IPv4",                  (.forward, 4),                is: .invalidAYIYAForward),
        Row("echo and forward of nothing",      (.echoRequestAndForward, 59), is: .invalidAYIYAForward),
        Row("echo and forward of IPv4",         (.echoRequestAndForward, 4),  is: .invalidAYIYAForward),
    ]

    @Test(arguments: Self.invalid)
    func forwardsIPv6Only(_ row: Row<(AYIYAOpcode, UInt8), DropReason>) {
        let pop = TestPoP()
        let ipv4 = octets("4500001c000040004011b6cdc0000201c00002027878787878787878")

        let outcome = pop.fromUnderlay(.ayiya(row.input.0, ipv4, nextHeader: row.input.1))

        #expect(outcome == .nothing(but: .dropped(row.output)))
        #expect(pop.errors(on: 1) == [.ayiyaInvalidForward: 1])
        #expect(pop.tunnel(1).condition == .down)
    }

    // MARK: - Identity

    // swift-format-ignore
    static let identities: [Row<String, Fate>] = [
        Row("the user's side",            "2001:db8:2ff:1::2",     is: .consumed),
        Row("the default /64",            "2001:db8:2ff:8001::",   is: .consumed),
        Row("a host of the default /64",  "2001:db8:2ff:8001::7",  is: .consumed),
        Row("a subnet",                   "2001:db8:4000:200::1",  is: .consumed),
        Row("our side: a reflection",     "2001:db8:2ff:1::1",     is: .dropped(.spoofedSource)),
        Row("the daemon",                 "2001:db8:2ff:ffff::1",  is: .dropped(.spoofedSource)),
        Row("a host on the internet",     "2001:db8:ffff::10",     is: .dropped(.spoofedSource)),
        Row("nobody",                     "::",                    is: .dropped(.spoofedSource)),
        Row("no tunnel",                  "2001:db8:2ff:7::2",     is: .dropped(.missingTunnel)),
        Row("beyond the tunnels",         "2001:db8:2ff:2000::2",  is: .dropped(.spoofedSource)),
        Row("a disabled tunnel",          "2001:db8:2ff:6::2",     is: .dropped(.disabledTunnel)),
        Row("a static tunnel",            "2001:db8:2ff::2",       is: .dropped(.nonAYIYAPacket)),
    ]

    @Test(arguments: Self.identities)
    func knowsTheTunnelByIdentity(_ row: Row<String, Fate>) {
        let outcome = TestPoP().fromUnderlay(.ayiya(.noOperation, identity: ipv6(row.input)))

        #expect(outcome == .nothing(but: row.output))
    }

    @Test func takesAnIdentityOfTheTunnelsOwn64() {
        let outcome = TestPoP().fromUnderlay(.ayiya(.noOperation, identity: Plan.address(1, 77)))

        #expect(outcome.fate == .consumed)
    }

    @Test func doesNotForwardWhatIsNotTheTunnels() {
        let pop = TestPoP()

        for source in [Plan.them(0), Plan.us(1), Plan.internet, ipv6("2001:db8:3001::1")] {
            let outcome = pop.fromUnderlay(.ayiya(.forward, Packet.udp(source, Plan.internet)))
            #expect(outcome == .nothing(but: .dropped(.spoofedSource)), "\(source)")
        }
        #expect(pop.errors(on: 1) == [.wrongSourceIPv6: 4])
    }

    // MARK: - The clock

    // swift-format-ignore
    static let skews: [Row<Int64, Bool>] = [
        Row("right",           0,                  is: true),
        Row("120 s ahead",     120,                is: true),
        Row("121 s ahead",     121,                is: false),
        Row("120 s behind",   -120,                is: true),
        Row("121 s behind",   -121,                is: false),
        Row("an hour ahead",   3600,               is: false),
        Row("half a circle",   1 << 31,            is: false),
        Row("at 1970",        -Plan.startTime,     is: false),
    ]

    @Test(arguments: Self.skews)
    func allowsForAClockThatIs(_ row: Row<Int64, Bool>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + row.input))

        #expect(outcome.fate == (row.output ? .consumed : .dropped(.clockSkew)))
        #expect(pop.errors(on: 1) == (row.output ? [:] : [.clockOff: 1]))
    }

    /// The 32 bits of seconds overflow in 2106.
    // swift-format-ignore
    static let wraps: [Row<(Int64, UInt32), Bool>] = [
        Row("both before",                    ((1 << 32) - 1, .max),     is: true),
        Row("the user after, we before",      ((1 << 32) - 1, 0),        is: true),
        Row("the user before, we after",      (1 << 32, .max),           is: true),
        Row("both after",                     ((1 << 32) + 5, 5),        is: true),
        Row("119 after, we one before",       ((1 << 32) - 1, 119),      is: true),
        Row("120 after, we one before",       ((1 << 32) - 1, 120),      is: false),
        Row("120 before, we at it",           (1 << 32, .max - 119),     is: true),
        Row("121 before, we at it",           (1 << 32, .max - 120),     is: false),
    ]

    @Test(arguments: Self.wraps)
    func allowsForTheOverflowOfTheClock(_ row: Row<(Int64, UInt32), Bool>) {
        let pop = TestPoP(at: row.input.0)

        let outcome = pop.fromUnderlay(.ayiya(.noOperation, time: Int64(row.input.1)))

        #expect(outcome.fate == (row.output ? .consumed : .dropped(.clockSkew)))
    }

    @Test func movesOverTheOverflowOfTheClock() {
        let pop = TestPoP(at: (1 << 32) - 1)
        _ = pop.fromUnderlay(.ayiya(.noOperation, time: (1 << 32) - 1))

        let moved = pop.fromUnderlay(.ayiya(.noOperation, time: 1 << 32, from: Plan.elsewhere))
        let replayed = pop.fromUnderlay(.ayiya(.noOperation, time: (1 << 32) - 1))

        #expect(moved.fate == .consumed)
        #expect(replayed.fate == .dropped(.ayiyaReplay))
        #expect(pop.tunnel(1).path?.remote == Plan.elsewhere)
    }
}
