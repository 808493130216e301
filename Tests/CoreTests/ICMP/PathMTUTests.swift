import Core
import TestSupport
import Testing
import Wire

/// RFC 4213 §3.2, RFC 1191, RFC 8201, RFC 5927.
@Suite("The path MTU") struct PathMTUTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    private static let router = ip("198.51.100.254")
    private static let path = OuterPath(local: Plan.popIPv4, remote: Plan.remote(of: 0))

    private static func down(_ size: Int, to tunnel: UInt16 = 0) -> [UInt8] {
        Packet.udp(Plan.internet, Plan.them(tunnel), size: size)
    }

    /// The beginning of what a PoP sends when a packet comes for a tunnel, as a router quotes it.
    private static func quotation(
        _ pop: TestPoP,
        inner size: Int = 1480,
        to tunnel: UInt16 = 0,
        of count: Int = 80
    ) -> [UInt8] {
        Array((pop.fromUplink(Self.down(size, to: tunnel)).sent?.octets ?? []).prefix(count))
    }

    /// A router's report about a packet.
    private static func report(_ quotation: [UInt8], mtu: UInt32) -> OuterPacket {
        .icmpv4(type: 3, code: 4, parameter: mtu, quotation, from: Self.router)
    }

    /// Has a PoP learn the path MTU of tunnel 0 from a router's report.
    private static func learn(_ mtu: UInt32, _ pop: TestPoP) {
        _ = pop.fromUnderlay(Self.report(Self.quotation(pop), mtu: mtu))
    }

    // MARK: - Learning

    @Test(arguments: Vectors<Vector>.load("icmpv4-errors"))
    func isLearntFromTheVectors(_ vector: Vector) throws {
        let pop = TestPoP(
            """
            pop set details 1 a 192.0.2.1 2001:db8:42::1
            pop set id 1
            pop tunnelprefix add 2001:db8:2ff::/48
            tunnel set config 0 T1 192.0.2.2 up 1480
            """
        )

        let outcome = pop.fromRawIPv4(vector.packet.octets)

        #expect(outcome == .nothing(but: .consumed))
        let sample = try #require(pop.sample(of: .icmpv4Error, on: 0))
        #expect(sample.source == ip("198.51.100.7"))
        #expect(pop.errors(on: nil).isEmpty)
        // The vector is about a packet of 76 octets, which does not make 1400 news.
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    /// What a router says, and what it quotes of a packet that we sent.
    struct Report: Sendable {
        var mtu: UInt32
        var inner = 1480
        var count = 80
        var change: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    }

    // swift-format-ignore
    static let reports: [Row<Report, Int?>] = [
        Row("of 1400",                        Report(mtu: 1400), is: 1400),
        Row("of one less than was sent",      Report(mtu: 1499), is: 1499),
        Row("of what was sent",               Report(mtu: 1500), is: nil),
        Row("of more than was sent",          Report(mtu: 9000), is: nil),
        Row("of the least that makes us send less", Report(mtu: 552), is: 552),
        Row("of less than that",              Report(mtu: 551), is: 552),
        Row("of the least",                   Report(mtu: 68), is: 552),
        Row("of less than the least",         Report(mtu: 67), is: nil),
        Row("from an old router, 1500 sent",  Report(mtu: 0), is: 1492),
        Row("from an old router, 1492 sent",  Report(mtu: 0, inner: 1472), is: 1006),
        Row("from an old router, 509 sent",   Report(mtu: 0, inner: 489), is: 552),
        Row("about a small packet",           Report(mtu: 580, inner: 600), is: 580),
        Row("about a larger packet than ours", Report(mtu: 1400) { $0.with(word: 1501, at: 2) }, is: nil),
        Row("about a packet with DF clear",   Report(mtu: 1400) { $0.with(0, at: 6) }, is: nil),
        Row("quoting eight octets",           Report(mtu: 1400, count: 28), is: 1400),
        Row("quoting a header only",          Report(mtu: 1400, count: 20), is: 1400),
        Row("to somebody else",               Report(mtu: 1400) { $0.with(99, at: 19) }, is: nil),
        Row("from somebody else",             Report(mtu: 1400) { $0.with(99, at: 15) }, is: nil),
        Row("with identification 1",          Report(mtu: 1400) { $0.with(word: 1, at: 4) }, is: nil),
        Row("with a guessed identification",  Report(mtu: 1400) { $0.with(word: ($0.word(at: 4) ?? 0) ^ 1, at: 4) }, is: nil),
    ]

    @Test(arguments: Self.reports)
    func isLearntFromAReport(_ row: Row<Report, Int?>) {
        let pop = TestPoP()
        let report = row.input
        let quotation = Self.quotation(pop, inner: report.inner, of: report.count)

        let outcome = pop.fromUnderlay(Self.report(report.change(quotation), mtu: report.mtu))

        #expect(outcome.fate == .consumed)
        #expect(pop.tunnel(0).pathMTU == row.output)
        // What shows nothing makes the PoP try for itself at most.
        #expect(outcome.sent == nil || row.output == nil)
    }

    // MARK: - Evidence

    /// The attack of RFC 5927 §7.1: addresses are known, all else is made up.
    @Test func isNotLearntFromWhatWasMadeUp() {
        let pop = TestPoP()
        let header = OuterPacket.quotation(
            along: Self.path,
            protocolNumber: 41,
            [UInt8](repeating: 0, count: 8),
            size: 1500
        )

        for number in UInt16(0)..<2000 {
            _ = pop.fromUnderlay(Self.report(header.with(word: number, at: 4), mtu: 700))
        }

        #expect(pop.tunnel(0).pathMTU == nil)
        #expect(pop.fromUplink(Self.down(1480)).spare == nil)
    }

    /// Whoever tries all identifications is found out before the right one comes.
    @Test func isNotLearntFromAllIdentifications() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop, of: 28)
        let right = quotation.word(at: 4) ?? 0

        for guess in 1...16 {
            _ = pop.fromUnderlay(
                Self.report(quotation.with(word: right ^ UInt16(guess << 6), at: 4), mtu: 700)
            )
        }
        _ = pop.fromUnderlay(Self.report(quotation, mtu: 700))

        #expect(pop.tunnel(0).pathMTU == nil)
        // A minute later the truth is believed again.
        pop.advance(seconds: 70)
        Self.learn(1400, pop)
        #expect(pop.tunnel(0).pathMTU == 1400)
    }

    /// The kernel counts up from it what it cuts of one packet: errors about such segments show nothing, and are no guesses.
    @Test func isLearntAlthoughErrorsCameAboutSegments() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop, of: 28)
        let right = quotation.word(at: 4) ?? 0

        for segment in UInt16(1)..<64 {
            _ = pop.fromUnderlay(Self.report(quotation.with(word: right &+ segment, at: 4), mtu: 700))
        }
        let unproven = pop.tunnel(0).pathMTU
        _ = pop.fromUnderlay(Self.report(quotation, mtu: 700))

        #expect(unproven == nil)
        #expect(pop.tunnel(0).pathMTU == 700)
    }

    @Test func identificationsChangeAndAreNobodyElses() {
        let pop = TestPoP()
        let first = Self.quotation(pop).word(at: 4)
        let other = Self.quotation(pop, inner: 1280, to: 4).word(at: 4)
        pop.advance(seconds: 140)
        let later = Self.quotation(pop).word(at: 4)

        #expect(Set([first, other, later]).count == 3)
        // What was sent before is no evidence any more.
        let quotation = Self.quotation(pop).with(word: first ?? 0, at: 4)
        _ = pop.fromUnderlay(Self.report(quotation, mtu: 1400))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func isStillLearntFromAPacketOfTheMinuteBefore() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop)
        pop.advance(seconds: 60)

        _ = pop.fromUnderlay(Self.report(quotation, mtu: 1400))

        #expect(pop.tunnel(0).pathMTU == 1400)
    }

    /// A run's headers are the kernel's, so that the path is tried with a packet of the same size.
    ///
    /// What a router says of that is believed, however the header has changed on its way.
    @Test(arguments: [UInt16(0), 5, 4711])
    func isTriedWhereTheHeaderShowsNothing(_ identification: UInt16) throws {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        let run = Self.quotation(pop, inner: 1428, to: 1).with(word: identification, at: 4)

        let outcome = pop.fromUnderlay(Self.report(run, mtu: 1400))
        let trial = try #require(outcome.sent)

        #expect(outcome.fate == .consumed)
        #expect(pop.tunnel(1).pathMTU == nil)
        #expect(trial.remote == Plan.home && trial.isOwn && trial.octets.count == 1500)
        #expect(try IPv4Packet(trial.octets.span.bytes).dontFragment)
        let again = Array(trial.octets.prefix(20 + 8 + 44 + 40 + 8 + 8)).with(word: identification, at: 4)
        _ = pop.fromUnderlay(Self.report(again, mtu: 1400))
        #expect(pop.tunnel(1).pathMTU == 1400)
    }

    @Test func isTriedOnceASecond() {
        let pop = TestPoP()
        let lie = Self.quotation(pop).with(word: 0, at: 4)

        let trials = (0..<100).count { _ in
            pop.now.monotonic += 50_000_000
            return pop.fromUnderlay(Self.report(lie, mtu: 1400)).sent != nil
        }

        #expect(trials == 5)
    }

    /// The nonce of one tunnel says nothing about another, whose user does not know it.
    @Test func isNotLearntFromAnotherTunnelsTrial() throws {
        let pop = TestPoP()
        let lie = Self.quotation(pop).with(word: 0, at: 4)
        let other = Self.quotation(pop, inner: 1280, to: 4).with(word: 0, at: 4)
        let trial = try #require(pop.fromUnderlay(Self.report(lie, mtu: 1400)).sent)
        let forged = other.prefix(20) + trial.octets.from(20).prefix(70)

        _ = pop.fromUnderlay(Self.report(Array(forged), mtu: 1290))

        #expect(pop.tunnel(4).pathMTU == nil)
    }

    @Test func ourOwnKernelIsNotBelieved() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop)

        let outcome = pop.fromUnderlay(
            .icmpv4(type: 3, code: 4, parameter: 552, quotation, from: Plan.popIPv4)
        )

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func isNotLearntFromAWrongChecksum() {
        let pop = TestPoP()
        var report = Self.report(Self.quotation(pop), mtu: 1400)
        report.payload[2] ^= 1

        let outcome = pop.fromUnderlay(report)

        #expect(outcome == .nothing(but: .dropped(.wrongChecksum)))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func isNotLearntWhenItIsStatic() {
        let pop = TestPoP(Plan.popLines + "pop set path-mtu static\n" + Plan.tunnelLines)

        Self.learn(1400, pop)

        #expect(pop.tunnel(0).pathMTU == nil)
        #expect(pop.fromUplink(Self.down(1480)).fate == .forwarded)
        #expect(pop.errors(on: 0) == [.icmpv4Error: 1])
    }

    @Test func isLearntOverIPv6ButNeverUnder1280() {
        for (mtu, learnt) in [(1400, 1400), (1280, 1280), (1279, nil), (0, nil)] as [(UInt32, Int?)] {
            let pop = TestPoP()
            let quotation = Self.quotation(pop, inner: 1460, to: 5, of: 1200)

            let outcome = pop.fromUnderlay(
                .icmpv6(type: 2, parameter: mtu, quotation, from: ip("2001:db8:aaaa::1"))
            )

            #expect(outcome == .nothing(but: .consumed))
            #expect(pop.tunnel(5).pathMTU == learnt, "\(mtu)")
            #expect(pop.errors(on: 5) == [.icmpv4Error: 1])
        }
    }

    /// Over IPv6 the flow label is what only who saw the packet can know.
    @Test func isNotLearntOverIPv6FromAnotherFlowLabel() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop, inner: 1460, to: 5, of: 100)
        let lie = quotation.with(quotation[3] ^ 1, at: 3)

        let outcome = pop.fromUnderlay(.icmpv6(type: 2, parameter: 1400, lie, from: ip("2001:db8:aaaa::1")))

        #expect(pop.tunnel(5).pathMTU == nil)
        #expect(outcome.sent?.octets.count == 1500)
    }

    @Test func onlyFallsUntilItIsForgotten() {
        let pop = TestPoP()
        let quotation = Self.quotation(pop)
        for (mtu, known) in [(1450, 1450), (1400, 1400), (1430, 1400), (1399, 1399)] as [(UInt32, Int)] {
            _ = pop.fromUnderlay(Self.report(quotation, mtu: mtu))
            #expect(pop.tunnel(0).pathMTU == known)
        }

        pop.advance(seconds: 600)
        _ = pop.engine.expireTunnels(at: pop.now)
        #expect(pop.tunnel(0).pathMTU == 1399)
        pop.advance(seconds: 1)
        _ = pop.engine.expireTunnels(at: pop.now)
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    // MARK: - Obeying

    @Test func makesSendersSendLess() {
        let pop = TestPoP()
        Self.learn(1400, pop)

        let fits = pop.fromUplink(Self.down(1380))
        let doesNot = pop.fromUplink(Self.down(1381))

        #expect(fits.fate == .forwarded && fits.spare == nil)
        #expect(doesNot.icmp?.type == 2 && doesNot.icmp?.parameter == 1380)
    }

    @Test func countsTheHeadersOfTheEncapsulation() {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.noOperation))

        _ = pop.fromUnderlay(Self.report(Self.quotation(pop, inner: 1428, to: 1, of: 28), mtu: 1400))

        #expect(pop.tunnel(1).pathMTU == 1400)
        #expect(pop.fromUplink(Self.down(1400, to: 1)).icmp?.parameter == 1328)
    }

    /// Sends 1280 octets over a path of a size, and puts together again what left.
    @Test(arguments: [1299, 1296, 1280, 1006, 700, 576, 68])
    func letsPacketsOf1280OctetsThroughEveryPath(_ mtu: Int) throws {
        let pop = TestPoP()
        Self.learn(UInt32(mtu), pop)
        let floor = max(mtu, 552)
        let inner = Self.down(1280)

        let outcome = pop.fromUplink(inner)
        let doesNot = pop.fromUplink(Self.down(1281))

        #expect(doesNot.icmp?.parameter == 1280)
        #expect(outcome.fate == .forwarded)
        var whole: [UInt8] = []
        for sent in [outcome.sent, outcome.spare].compactMap(\.self) {
            let octets = sent.octets
            let packet = try IPv4Packet(octets.span.bytes)
            #expect(packet.hasValidChecksum == true)
            #expect(packet.dontFragment == false)
            #expect(8 * Int((octets.word(at: 6) ?? 0) & 0x1fff) == whole.count)
            #expect(outcome.spare == nil || packet.totalLength <= floor)
            whole += packet.payload.octets
        }
        #expect(whole == inner)
    }

    /// On a path that takes less than the least that we send by, routers cut, so that nothing may forbid it.
    @Test func leavesItToRoutersBelowTheFloor() throws {
        let pop = TestPoP()
        Self.learn(300, pop)

        for size in [100, 400, 532, 1280] {
            let sent = try #require(pop.fromUplink(Self.down(size)).sent).octets
            #expect(try IPv4Packet(sent.span.bytes).dontFragment == false, "\(size)")
        }
    }

    @Test func fragmentsOverIPv6Too() throws {
        let pop = TestPoP(Plan.popLines + "tunnel set config 5 T5 2001:db8:beef::5 up 1280\n")
        pop.engine.noteLinkMTU(1280, of: tid(5), at: pop.now)
        let inner = Self.down(1280, to: 5)

        let outcome = pop.fromUplink(inner)

        let parts = [outcome.sent, outcome.spare].compactMap { $0?.octets }
        #expect(parts.count == 2)
        #expect(parts.allSatisfy { $0.count <= 1280 && $0[6] == ProtocolNumber.fragment && $0[40] == 41 })
        #expect(parts.map { $0.from(44).prefix(4) }.allSatisfy { $0 == parts[0].from(44).prefix(4) })
        #expect(parts.flatMap { $0.from(48) } == inner)
    }

    @Test func isForgottenWithTheEndItBelongsTo() {
        let pop = TestPoP()
        Self.learn(1400, pop)

        pop.apply(Plan.text.replacing("T4141 198.51.100.1 ", with: "T4141 198.51.100.77 "))

        #expect(pop.tunnel(0).pathMTU == nil)
    }

    // MARK: - Other messages

    // swift-format-ignore
    static let errors: [Row<UInt8, Bool>] = [
        Row("unreachable", 3, is: true), Row("source quench", 4, is: true), Row("time exceeded", 11, is: true),
        Row("parameter problem", 12, is: true), Row("a redirect", 5, is: false), Row("an echo reply", 0, is: false),
    ]

    @Test(arguments: Self.errors)
    func isNoConcernOf(_ row: Row<UInt8, Bool>) {
        let pop = TestPoP()
        let quotation = OuterPacket.quotation(along: Self.path, protocolNumber: 41, Self.down(100), size: 120)

        let outcome = pop.fromUnderlay(.icmpv4(type: row.input, code: 1, quotation, from: Self.router))

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.errors(on: 0) == (row.output ? [.icmpv4Error: 1] : [:]))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func countsEchoRequestsToTheOuterAddress() {
        let pop = TestPoP()

        _ = pop.fromUnderlay(.icmpv4(type: 8, code: 0, [1, 2, 3], from: Plan.remote(of: 0)))
        _ = pop.fromUnderlay(.icmpv4(type: 8, code: 0, [1, 2, 3], from: Plan.elsewhere))

        #expect(pop.errors(on: 0) == [.icmpv4EchoRequest: 1])
        #expect(pop.errors(on: nil) == [.icmpv4EchoRequest: 1])
    }
}
