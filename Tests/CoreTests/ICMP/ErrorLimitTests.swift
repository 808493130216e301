import Core
import TestSupport
import Testing
import Wire

/// RFC 4443 §2.4(f).
@Suite("The limit on ICMPv6 errors") struct ErrorLimitTests {
    private static func pop(_ limits: String) -> TestPoP {
        TestPoP(Plan.popLines + limits + Plan.tunnelLines)
    }

    /// How many of so many packets to a tunnel's unassigned address are answered.
    private static func answers(_ pop: TestPoP, of count: Int, to tunnels: [UInt16] = [0]) -> Int {
        (0..<count).count { index in
            let destination = Plan.address(tunnels[index % tunnels.count], 99)
            return pop.fromUplink(Packet.udp(Plan.internet, destination)).fate == .answered
        }
    }

    // swift-format-ignore
    static let bursts: [Row<String, Int>] = [
        Row("by default",             "",                                is: 10),
        Row("of three",               "pop set icmp-rate 10 3 1000\n",   is: 3),
        Row("of one",                 "pop set icmp-rate 10 1 1000\n",   is: 1),
        Row("of none",                "pop set icmp-rate 10 0 1000\n",   is: 0),
        Row("at rate none",           "pop set icmp-rate 0 10 1000\n",   is: 0),
        Row("of a PoP at rate none",  "pop set icmp-rate 10 10 0\n",     is: 0),
        Row("of a PoP of four",       "pop set icmp-rate 10 10 4\n",     is: 4),
        Row("of fifty",               "pop set icmp-rate 1 50 1000\n",   is: 50),
    ]

    @Test(arguments: Self.bursts)
    func allowsABurst(_ row: Row<String, Int>) {
        let pop = Self.pop(row.input)

        #expect(Self.answers(pop, of: 60) == row.output)
    }

    @Test func letsTokensFlowInAtItsRate() {
        let pop = Self.pop("")
        #expect(Self.answers(pop, of: 60) == 10)

        pop.now.monotonic += 99_999_999
        #expect(Self.answers(pop, of: 5) == 0)
        pop.now.monotonic += 1
        #expect(Self.answers(pop, of: 5) == 1)
        pop.now.monotonic += 500_000_000
        #expect(Self.answers(pop, of: 20) == 5)
        pop.now.monotonic += 3_600_000_000_000
        #expect(Self.answers(pop, of: 60) == 10)
    }

    @Test func holdsTheRateOverAMinute() {
        let pop = Self.pop("pop set icmp-rate 7 3 1000\n")

        let answers = (0..<60_000).count { _ in
            pop.now.monotonic += 1_000_000
            guard pop.now.monotonic.isMultiple(of: 20_000_000) else { return false }
            return Self.answers(pop, of: 1) == 1
        }

        #expect((60 * 7 - 1...60 * 7 + 3).contains(answers))
    }

    @Test func isKeptForEachTunnel() {
        let pop = Self.pop("")

        #expect(Self.answers(pop, of: 60, to: [0]) == 10)
        #expect(Self.answers(pop, of: 60, to: [4]) == 10)
        #expect(Self.answers(pop, of: 60, to: [0, 4, 5]) == 10)
    }

    @Test func isKeptForThePoP() {
        let pop = Self.pop("pop set icmp-rate 10 10 25\n")

        #expect(Self.answers(pop, of: 120, to: [0, 4, 5, 0x1fff]) == 25)
    }

    /// Errors of no tunnel know the PoP's limit alone.
    @Test func ofThePoPCoversErrorsOfNoTunnel() {
        let pop = Self.pop("pop set icmp-rate 10 10 25\n")

        let answers = (0..<60).count { _ in
            pop.fromUplink(Packet.udp(Plan.internet, Plan.address(0x2000, 2))).fate == .answered
        }

        #expect(answers == 25)
    }

    @Test func countsWhatItSuppressesByItsCause() {
        let pop = Self.pop("pop set icmp-rate 0 0 0\n")

        let fates = [
            Packet.udp(Plan.internet, Plan.address(0x2000, 2)), Packet.udp(Plan.internet, Plan.them(3)),
            Packet.udp(Plan.internet, Plan.them(2)), Packet.udp(Plan.internet, Plan.address(0, 9)),
            Packet.udp(Plan.internet, Plan.them(4), size: 1300),
            Packet.udp(Plan.internet, Plan.them(0), hopLimit: 1),
            Packet.udp(Plan.internet, Plan.us(0)),
            Packet.ipv6(Plan.internet, Plan.us(0), nextHeader: 60, [59]),
        ].map { pop.fromUplink($0).fate }
        let policy = pop.fromUnderlay(
            .sixInFour(Packet.udp(Plan.address(0, 9), Plan.internet), from: Plan.remote(of: 0))
        )

        #expect(
            fates == [
                .dropped(.missingTunnel), .dropped(.disabledTunnel), .dropped(.downTunnel),
                .dropped(.unassignedAddress), .dropped(.oversizedPacket), .dropped(.exhaustedHopLimit),
                .dropped(.closedPort), .dropped(.badExtensionHeader),
            ]
        )
        #expect(policy.fate == .dropped(.unassignedSource))
        #expect(pop.errors(on: 3) == [.disabledTunnel: 1])
        #expect(pop.errors(on: 4) == [.packetTooBig: 1])
        #expect(pop.errors(on: 0) == [.wrongSourceIPv6: 1])
    }

    @Test func doesNotLimitEchoReplies() {
        let pop = Self.pop("pop set icmp-rate 0 0 0\n")

        let answers = (0..<100).count { _ in
            pop.fromUplink(Packet.ping(Plan.internet, Plan.us(0))).fate == .answered
        }

        #expect(answers == 100)
    }

    // MARK: - Who takes from whom

    /// Some packet that is answered with an error of a kind, or the one that shows whether another still is.
    // swift-format-ignore
    static let causes: [Row<[UInt8], UInt8>] = [
        Row("unreachable", Packet.udp(Plan.internet, Plan.address(0, 99)), is: 1),
        Row("packet too big", Packet.udp(Plan.internet, Plan.them(0), size: 1481), is: 2),
        Row("time exceeded", Packet.udp(Plan.internet, Plan.them(0), hopLimit: 1), is: 3),
        Row("parameter problem", Packet.ipv6(Plan.internet, Plan.us(0), nextHeader: 60, [59]), is: 4),
    ]

    @Test(arguments: Self.causes)
    func ofOneKindTakesNothingFromAnother(_ row: Row<[UInt8], UInt8>) {
        let pop = Self.pop("pop set icmp-rate 10 10 30\n")
        for _ in 0..<100 { _ = pop.fromUplink(row.input) }

        for other in Self.causes where other.output != row.output {
            let answers = (0..<20).count { _ in pop.fromUplink(other.input).icmp?.type == other.output }
            #expect(answers == 10, "\(other.testDescription)")
        }
    }

    /// Something that somebody sends all the time.
    // swift-format-ignore
    static let floods: [Row<@Sendable (Int) -> [UInt8], Int>] = [
        Row("small packets to an unassigned address", { _ in Packet.udp(Plan.internet, Plan.address(0, 99)) }, is: 100),
        Row("small packets to the PoP itself", { _ in Packet.udp(Plan.internet, Plan.daemon) }, is: 2000),
        Row("packets whose hops are used up", { _ in Packet.udp(Plan.internet, Plan.them(0), hopLimit: 1) }, is: 200),
        Row("large packets from one host", { _ in Packet.udp(Plan.internet, Plan.them(0), size: 1481) }, is: 200),
        Row("large packets from 65,536 links of one site", { number in
            let link = UInt64(truncatingIfNeeded: number &* 40_503) & 0xffff
            let source = IPv6Address(high: 0x2001_0db8_fff0_0000 | link, low: 1)
            return Packet.udp(source, Plan.them(0), size: 1481)
        }, is: 1000),
    ]

    /// A sender of large packets hears about each that it sends while others use the limits up.
    @Test(arguments: Self.floods)
    func leavesPacketTooBigToOthers(_ row: Row<@Sendable (Int) -> [UInt8], Int>) {
        let pop = Self.pop("")
        let sender = ipv6("2a00:1450:4001::53")
        let large = Packet.udp(sender, Plan.them(0), size: 1481)
        var number = 0

        let answers = (0..<15).count { _ in
            for _ in 0..<row.output {
                pop.now.monotonic += 1_000_000_000 / UInt64(row.output)
                number += 1
                _ = pop.fromUplink(row.input(number))
            }
            return pop.fromUplink(large).icmp?.type == 2
        }

        #expect(answers == 15)
    }

    /// Whatever many sources bring about, no more is said than twice the limit of the PoP.
    @Test func holdsForAllSourcesTogether() {
        let pop = Self.pop("pop set icmp-rate 10 10 50\n")
        var generator = SeededGenerator(seed: 15)

        let answers = (0..<10_000).count { _ in
            pop.now.monotonic += 1_000_000
            let source = IPv6Address(
                high: 0x2a00 << 48 | UInt64.random(in: 0..<1 << 48, using: &generator),
                low: 1
            )
            return pop.fromUplink(Packet.udp(source, Plan.them(0), size: 1481)).fate == .answered
        }

        // Ten seconds and the burst, of what all have in common and of what is kept for each.
        #expect(answers <= (10 * 10 + 10) + (10 * 50 + 50))
        #expect(answers > 300)
    }

    @Test func leavesWordToOthersAboutProtocols() {
        let pop = Self.pop("pop set protocol-unreachable on\npop set icmp-rate 10 10 20\n")
        func isTold(_ source: IPv4Address) -> Bool {
            let inner = Packet.udp(Plan.them(0), Plan.internet)
            let header = IPv4Header(
                totalLength: UInt16(20 + inner.count),
                timeToLive: 60,
                protocolNumber: ProtocolNumber.ipv6,
                source: source,
                destination: IPv4Address(192, 0, 2, 1)
            )
            let packet = written(20, before: inner) { header.encode(into: &$0, at: 0) }
            return pop.fromRawIPv4(packet).fate == .answered
        }
        #expect((0..<100).count { _ in isTold(IPv4Address(203, 0, 113, 5)) } == 20)

        #expect((0..<100).count { _ in isTold(IPv4Address(203, 0, 113, 6)) } == 10)
    }
}
