import Core
import TestSupport
import Testing
import Wire

@Suite("A heartbeat") struct HeartbeatTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let identity: String
        let sender: String
        let epoch: UInt64
        let password: String
        let datagram: String

        var testDescription: String { self.datagram }
    }

    @Test(arguments: Vectors<Vector>.load("heartbeat"))
    func ofTheVectorsIsTaken(_ vector: Vector) throws {
        let identity = try IPv6Address(parsing: vector.identity)
        let number = UInt16(truncatingIfNeeded: identity.high)
        let prefix = IPv6Prefix(containing: identity, length: 48)
        let pop = TestPoP(
            """
            pop set details 1 chtst01 192.0.2.1 2001:db8:42::1
            pop set id 1
            pop tunnelprefix add \(prefix)
            tunnel set config \(tid(number)) T1 heartbeat up 1280 \(vector.password)
            """,
            at: Int64(vector.epoch)
        )
        let remote = vector.sender == "sender" ? Plan.home : ip(vector.sender)

        for ending in ["", "\n", "\r\n"] {
            let outcome = pop.fromUnderlay(
                .heartbeatPort(Array((vector.datagram + ending).utf8), from: remote)
            )
            #expect(outcome == .nothing(but: .consumed))
        }
        #expect(pop.tunnel(number).condition == .up)
        #expect(pop.tunnel(number).path?.remote == remote)
    }

    private static let good = String(decoding: OuterPacket.heartbeat().payload, as: UTF8.self)
    private static let words = good.split(separator: " ").map(String.init)

    private static func with(_ word: String, at index: Int) -> String {
        var words = Self.words
        words[index] = word
        return words.joined(separator: " ")
    }

    // swift-format-ignore
    static let bad: [Row<String, DropReason>] = [
        Row("empty",                   "", is: .nonHeartbeatPacket),
        Row("something else",          "GET / HTTP/1.0", is: .nonHeartbeatPacket),
        Row("another keyword",         with("HEARTBEET", at: 0), is: .nonHeartbeatPacket),
        Row("lower case",              with("heartbeat", at: 0), is: .nonHeartbeatPacket),
        Row("another subject",         with("SUBNET", at: 1), is: .nonHeartbeatPacket),
        Row("no identity",             "HEARTBEAT TUNNEL", is: .nonHeartbeatPacket),
        Row("a bad identity",          with("2001:db8::x", at: 2), is: .nonHeartbeatPacket),
        Row("no sender",               words[..<3].joined(separator: " "), is: .missingHeartbeatSender),
        Row("a bad sender",            with("nobody", at: 3), is: .missingHeartbeatSender),
        Row("no time",                 words[..<4].joined(separator: " "), is: .missingHeartbeatTime),
        Row("a bad time",              with("now", at: 4), is: .missingHeartbeatTime),
        Row("a negative time",         with("-1", at: 4), is: .missingHeartbeatTime),
        Row("a time over 64 bits",     with("18446744073709551616", at: 4), is: .missingHeartbeatTime),
        Row("no hash",                 words[..<5].joined(separator: " "), is: .nonHeartbeatPacket),
        Row("a short hash",            String(good.dropLast()), is: .nonHeartbeatPacket),
        Row("a long hash",             good + "0", is: .nonHeartbeatPacket),
        Row("an upper-case hash",      good.uppercased().replacing("SENDER", with: "sender"), is: .nonHeartbeatPacket),
        Row("too long",                good + String(repeating: "\n", count: 200), is: .nonHeartbeatPacket),
        Row("another address",         with("203.0.113.8", at: 3), is: .heartbeatSenderMismatch),
        Row("a wrong hash",            with(String(repeating: "0", count: 32), at: 5), is: .heartbeatHashMismatch),
        Row("another second",          with("1234567891", at: 4), is: .heartbeatHashMismatch),
        Row("the largest time",        with("18446744073709551615", at: 4), is: .clockSkew),
        Row("1970",                    with("0", at: 4), is: .clockSkew),
        Row("another's identity",      with("2001:db8:2ff:1::2", at: 2), is: .heartbeatHashMismatch),
        Row("our side",                with("2001:db8:2ff:2::1", at: 2), is: .spoofedSource),
        Row("a host on the internet",  with("2001:db8:ffff::10", at: 2), is: .spoofedSource),
        Row("the default /64",         with("2001:db8:2ff:8002::2", at: 2), is: .spoofedSource),
        Row("no tunnel",               with("2001:db8:2ff:7::2", at: 2), is: .missingTunnel),
        Row("a disabled tunnel",       with("2001:db8:2ff:6::2", at: 2), is: .disabledTunnel),
        Row("a static tunnel",         with("2001:db8:2ff::2", at: 2), is: .nonHeartbeatPacket),
    ]

    @Test(arguments: Self.bad)
    func isRefusedFor(_ row: Row<String, DropReason>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.heartbeatPort(Array(row.input.utf8), from: Plan.home))

        #expect(outcome == .nothing(but: .dropped(row.output)))
        let owners: [UInt16?] = [nil, 0, 1, 2, 6, 7]
        let counted = owners.reduce(0) { $0 + pop.errors(on: $1).values.reduce(0, +) }
        #expect(counted == 1)
        #expect(pop.tunnel(2).condition == .down && pop.tunnel(1).condition == .down)
        #expect(pop.tunnel(2).path == nil && pop.tunnel(2).lastTimes.beat == nil)
    }

    @Test func maySayItsAddress() {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.heartbeat(sender: .address(Plan.home)))

        #expect(outcome.fate == .consumed)
        #expect(pop.tunnel(2).path?.remote == Plan.home)
    }

    // swift-format-ignore
    static let skews: [Row<Int64, Bool>] = [
        Row("right",          0,    is: true),
        Row("120 s ahead",    120,  is: true),
        Row("121 s ahead",    121,  is: false),
        Row("120 s behind",  -120,  is: true),
        Row("121 s behind",  -121,  is: false),
    ]

    @Test(arguments: Self.skews)
    func isAllowedAClockThatIs(_ row: Row<Int64, Bool>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(.heartbeat(time: Plan.startTime + row.input))

        #expect(outcome.fate == (row.output ? .consumed : .dropped(.clockSkew)))
        #expect(pop.errors(on: 2) == (row.output ? [:] : [.clockOff: 1]))
    }

    @Test func opensATunnelFor6in4FromItsAddressAlone() {
        let pop = TestPoP()
        let packet = Packet.udp(Plan.them(2), Plan.internet)
        let before = pop.fromUnderlay(.sixInFour(packet, from: Plan.home))

        _ = pop.fromUnderlay(.heartbeat())
        let right = pop.fromUnderlay(.sixInFour(packet, from: Plan.home))
        let elsewhere = pop.fromUnderlay(.sixInFour(packet, from: Plan.elsewhere))
        let gre = pop.fromUnderlay(.gre(packet, from: Plan.home))
        let down = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(2)))

        #expect(before.fate == .dropped(.downTunnel))
        #expect(right.fate == .forwarded)
        #expect(elsewhere.fate == .dropped(.wrongEndpoint))
        #expect(gre.fate == .dropped(.wrongEndpoint))
        #expect(down.sent?.remote == Plan.home)
        #expect(down.sent?.octets[9] == ProtocolNumber.ipv6)
    }
}
