import Core
import TestSupport
import Testing
import Wire

@Suite("A latency probe") struct LatencyTests {
    /// The user's answer to a probe.
    private static func reply(to probe: [UInt8]) -> [UInt8] {
        let ends = (IPv6Address(octets: probe[24..<40]), IPv6Address(octets: probe[8..<24]))
        let parameter = probe[44..<48].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Packet.icmp(ends.0, ends.1, type: 129, parameter: parameter, body: probe.from(48))
    }

    /// The probe of a tunnel, and a PoP whose clock stands where it was sent.
    private static func probed(_ tunnel: UInt16 = 0) throws -> (pop: TestPoP, probe: [UInt8]) {
        let pop = TestPoP()
        for _ in 0..<60 {
            let probe = pop.probes().first { $0.tunnel == tunnel }
            if let probe { return (pop, probe.inner) }
            pop.advance(seconds: 1)
        }
        throw OuterPacket.Unsound("no probe within a minute")
    }

    private static func answer(_ pop: TestPoP, _ packet: [UInt8], from tunnel: UInt16 = 0) -> Outcome {
        pop.fromUnderlay(.sixInFour(packet, from: Plan.remote(of: tunnel)))
    }

    @Test func isAnEchoRequestFromOurSideToTheUser() throws {
        let (_, probe) = try Self.probed()
        let icmp = try #require(ICMPv6Seen(probe))

        #expect(icmp.type == 128 && icmp.code == 0)
        #expect(icmp.source == Plan.us(0) && icmp.destination == Plan.them(0))
        #expect(icmp.body.count + 8 == 1000)
    }

    @Test func isSentOnceAMinuteToTunnelsThatAreUp() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        var probed: [UInt16: Int] = [:]

        for _ in 0..<180 {
            for probe in pop.probes() { probed[probe.tunnel ?? .max, default: 0] += 1 }
            #expect(pop.probes().isEmpty)
            pop.advance(seconds: 1)
        }

        #expect(probed == [0: 3, 1: 3, 4: 3, 5: 3, 0x1fff: 3])
        #expect(pop.tunnel(0).latency.sent == 3)
    }

    @Test func isSpreadOverTheMinute() {
        let text = (0..<600).map {
            "tunnel set config \(String($0, radix: 16)) T\($0 + 1) 198.51.100.1 up 1280\n"
        }
        let pop = TestPoP(Plan.popLines + text.joined())

        let counts = (0..<60).map { _ in
            let count = pop.probes().count
            pop.advance(seconds: 1)
            return count
        }

        #expect(counts.reduce(0, +) == 600)
        #expect(counts.allSatisfy { $0 == 10 })
    }

    @Test func goesOutInTheEncapsulationOfItsTunnel() throws {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        var probes: [Transmitted] = []
        for _ in 0..<60 {
            probes += pop.probes()
            pop.advance(seconds: 1)
        }

        let signed = try #require(probes.first { $0.tunnel == 1 })
        #expect(try OuterPacket(wholePacket: signed.octets).kind == .ayiya)
        #expect(probes.allSatisfy { ICMPv6Seen($0.inner)?.type == 128 })
        #expect(probes.allSatisfy { $0.isOwn })
    }

    // MARK: - Replies

    @Test func isCountedWhenItIsAnswered() throws {
        let (pop, probe) = try Self.probed()
        pop.now.monotonic += 12_345_678

        let outcome = Self.answer(pop, Self.reply(to: probe))

        #expect(outcome == .nothing(but: .consumed))
        let latency = pop.tunnel(0).latency
        #expect(latency.sent == 1 && latency.received == 1)
        #expect(latency.minimum == 12_345 && latency.maximum == 12_345 && latency.average == 12_345)
        #expect(latency.lossPercent == 0)
        // Between 8 and 16 ms.
        #expect(pop.tunnel(0).roundTrips[6] == 1 && pop.tunnel(0).roundTrips.total == 1)
        #expect(pop.tunnel(1).roundTrips.total == 0)
    }

    @Test func isForgottenWithTheStatisticsOfItsTunnel() throws {
        let (pop, probe) = try Self.probed()
        _ = Self.answer(pop, Self.reply(to: probe))
        #expect(pop.tunnel(0).roundTrips.total == 1)

        pop.engine.resetStatistics(of: tid(0))

        #expect(pop.tunnel(0).roundTrips == RoundTrips() && pop.tunnel(0).latency.received == 0)
    }

    struct Change: Sendable {
        var tunnel: UInt16 = 0
        var nanoseconds: UInt64 = 1_000_000
        var edit: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    }

    /// Edits of the probe before the user answers it: its message begins at octet 40, its body at 48.
    // swift-format-ignore
    static let replies: [Row<Change, UInt64>] = [
        Row("as it was sent",            Change(), is: 1),
        Row("at once",                   Change(nanoseconds: 0), is: 1),
        Row("just in time",              Change(nanoseconds: 9_999_999_999), is: 1),
        Row("after ten seconds",         Change(nanoseconds: 10_000_000_000), is: 0),
        Row("after a minute",            Change(nanoseconds: 60_000_000_000), is: 0),
        Row("with another magic",        Change(edit: { $0.with($0[48] ^ 1, at: 48) }), is: 0),
        Row("with another end of magic", Change(edit: { $0.with($0[55] ^ 1, at: 55) }), is: 0),
        Row("with a time to come",       Change(edit: { $0.with($0[58] ^ 0x80, at: 58) }), is: 0),
        Row("of another tunnel",         Change(edit: { $0.with($0[69] ^ 4, at: 69) }), is: 0),
        Row("without a body",            Change(edit: { Array($0.prefix(48)).with(word: 8, at: 4) }), is: 0),
        Row("with half a body",          Change(edit: { Array($0.prefix(71)).with(word: 31, at: 4) }), is: 0),
        Row("without its padding",       Change(edit: { Array($0.prefix(72)).with(word: 32, at: 4) }), is: 1),
    ]

    @Test(arguments: Self.replies)
    func isJudgedByItsReply(_ row: Row<Change, UInt64>) throws {
        let (pop, probe) = try Self.probed()
        pop.now.monotonic += row.input.nanoseconds

        let outcome = Self.answer(pop, Self.reply(to: row.input.edit(probe)))

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.tunnel(0).latency.received == row.output)
    }

    @Test func isCountedOnce() throws {
        let (pop, probe) = try Self.probed()
        pop.now.monotonic += 1_000_000

        for _ in 0..<3 { _ = Self.answer(pop, Self.reply(to: probe)) }

        #expect(pop.tunnel(0).latency.received == 1)
    }

    @Test func isNotCountedForAForeignTunnel() throws {
        let (pop, probe) = try Self.probed()
        let foreign = Packet.icmp(
            Plan.them(4),
            Plan.us(0),
            type: 129,
            parameter: probe[44..<48].reduce(UInt32(0)) { $0 << 8 | UInt32($1) },
            body: probe.from(48)
        )

        let outcome = Self.answer(pop, foreign, from: 4)
        let fromUplink = pop.fromUplink(
            Packet.icmp(Plan.internet, Plan.us(0), type: 129, body: probe.from(48))
        )

        #expect(outcome == .nothing(but: .consumed))
        #expect(fromUplink == .nothing(but: .consumed))
        #expect(pop.tunnel(0).latency.received == 0 && pop.tunnel(4).latency.received == 0)
    }

    @Test func isNotCountedWhenReplayedInTheNextMinute() throws {
        let (pop, probe) = try Self.probed()
        _ = Self.answer(pop, Self.reply(to: probe))
        for _ in 0..<65 {
            pop.advance(seconds: 1)
            _ = pop.probes()
        }

        _ = Self.answer(pop, Self.reply(to: probe))

        #expect(pop.tunnel(0).latency.received == 1)
        #expect(pop.tunnel(0).latency.sent == 2)
    }

    /// The magic changes each minute; the one before is still good.
    @Test func isCountedAcrossTheChangeOfTheMagic() {
        // The tids whose turn is the last second of the minute.
        let pop = TestPoP(Plan.popLines + "tunnel set config 3b T1 198.51.100.1 up 1280\n")
        var underWay: [Transmitted] = []
        var answered = 0
        for _ in 0..<301 {
            let probes = pop.probes()
            for probe in underWay {
                answered += 1
                _ = pop.fromUnderlay(.sixInFour(Self.reply(to: probe.inner), from: ip("198.51.100.1")))
            }
            underWay = probes
            pop.advance(seconds: 1)
        }

        #expect(answered == 5)
        #expect(pop.tunnel(0x3b).latency.received == 5)
    }

    @Test func isMeasuredByTheClockThatNeverSteps() throws {
        let (pop, probe) = try Self.probed()
        pop.now.monotonic += 2_000_000
        pop.now.unixTime -= 3600

        _ = Self.answer(pop, Self.reply(to: probe))

        #expect(pop.tunnel(0).latency.average == 2000)
    }

    // MARK: - What is kept

    @Test func addsUpToMinimumAverageMaximumAndLoss() {
        let pop = TestPoP()
        let roundTrips: [UInt64?] = [4, nil, 1, nil, 10]
        for roundTrip in roundTrips {
            for _ in 0..<60 {
                let probe = pop.probes().first { $0.tunnel == 0 }
                if let probe, let roundTrip {
                    pop.now.monotonic += roundTrip * 1_000_000
                    _ = Self.answer(pop, Self.reply(to: probe.inner))
                    pop.now.monotonic -= roundTrip * 1_000_000
                }
                pop.advance(seconds: 1)
            }
        }
        let latency = pop.tunnel(0).latency

        #expect(latency.sent == 5 && latency.received == 3)
        #expect(latency.minimum == 1000 && latency.average == 5000 && latency.maximum == 10_000)
        #expect(latency.lossPercent == 40)
    }

    @Test func doesNotCountAsLostWhileItIsUnderWay() throws {
        let (pop, _) = try Self.probed()

        #expect(pop.tunnel(0).latency.lossPercent == nil)
        #expect(pop.tunnel(0).latency.average == 0)
    }

    // MARK: - The other PoPs

    private static let fleet =
        Plan.popLines
        + "pop set details 2 b 192.0.2.22 2001:db8:222::1\npop set details 7 c 192.0.2.77 2001:db8:777::1\n"

    @Test func goesToTheOtherPoPsOverBothFamilies() {
        let pop = TestPoP(Self.fleet)
        var remotes: [IPAddress?: Int] = [:]
        for _ in 0..<60 {
            for probe in pop.probes() { remotes[probe.remote, default: 0] += 1 }
            pop.advance(seconds: 1)
        }

        let others = ["192.0.2.22", "2001:db8:222::1", "192.0.2.77", "2001:db8:777::1"]
        #expect(remotes == Dictionary(uniqueKeysWithValues: others.map { (ip($0), 1) }))
    }

    @Test func ofAPoPIsCountedWhenThatPoPAnswers() throws {
        let pop = TestPoP(Self.fleet)
        for _ in 0..<60 {
            for probe in pop.probes() {
                let remote = try #require(probe.remote)
                pop.now.monotonic += 3_000_000
                let octets = probe.octets
                switch remote {
                case .ipv4:
                    let body = octets.from(28)
                    _ = pop.fromUnderlay(.icmpv4(type: 0, code: 0, body, from: ip("192.0.2.99")))
                    _ = pop.fromUnderlay(.icmpv4(type: 0, code: 0, body, from: remote))
                    _ = pop.fromUnderlay(.icmpv4(type: 0, code: 0, body, from: remote))
                case .ipv6: _ = pop.fromUnderlay(.icmpv6(type: 129, octets.from(48), from: remote))
                }
            }
            pop.advance(seconds: 1)
        }

        #expect(pop.engine.otherPoPs.map(\.details.id) == [2, 7])
        for other in pop.engine.otherPoPs {
            #expect(other.ipv4.sent == 1 && other.ipv4.received == 1 && other.ipv4.average == 3000)
            #expect(other.ipv6.sent == 1 && other.ipv6.received == 1 && other.ipv6.average == 3000)
            #expect(other.ipv4RoundTrips[4] == 1 && other.ipv6RoundTrips.total == 1)
        }
    }
}
