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
        let policy = pop.fromOutside(
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
}
