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

    /// A router's report about a 6in4 packet of tunnel 0.
    private static func report(
        mtu: UInt32,
        size: Int = 1500,
        along path: OuterPath = Self.path,
        fragmentation: IPv4Header.Fragmentation = .forbidden,
        quoting count: Int = 60
    ) -> OuterPacket {
        let quotation = OuterPacket.quotation(
            along: path,
            protocolNumber: ProtocolNumber.ipv6,
            Array(Self.down(size - 20).prefix(count)),
            size: size,
            fragmentation: fragmentation
        )
        return .icmpv4(type: 3, code: 4, parameter: mtu, quotation, from: Self.router)
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

    // swift-format-ignore
    static let reports: [Row<OuterPacket, Int?>] = [
        Row("of 1400",                        report(mtu: 1400), is: 1400),
        Row("of one less than was sent",      report(mtu: 1499), is: 1499),
        Row("of what was sent",               report(mtu: 1500), is: nil),
        Row("of more than was sent",          report(mtu: 9000), is: nil),
        Row("of the least",                   report(mtu: 68), is: 68),
        Row("of less than the least",         report(mtu: 67), is: nil),
        Row("from an old router, 1500 sent",  report(mtu: 0), is: 1492),
        Row("from an old router, 1492 sent",  report(mtu: 0, size: 1492), is: 1006),
        Row("about a small packet",           report(mtu: 500, size: 600), is: 500),
        Row("about a larger packet than ours", report(mtu: 1400, size: 1501), is: nil),
        Row("about a packet with DF clear",   report(mtu: 1400, fragmentation: .allowed(identification: 7)), is: nil),
        Row("quoting eight octets",           report(mtu: 1400, quoting: 8), is: 1400),
        Row("to somebody else",               report(mtu: 1400, along: OuterPath(local: Plan.popIPv4, remote: Plan.elsewhere)), is: nil),
        Row("from somebody else",             report(mtu: 1400, along: OuterPath(local: Plan.elsewhere, remote: Plan.remote(of: 0))), is: nil),
    ]

    @Test(arguments: Self.reports)
    func isLearntFromAReport(_ row: Row<OuterPacket, Int?>) {
        let pop = TestPoP()

        let outcome = pop.fromOutside(row.input)

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.tunnel(0).pathMTU == row.output)
    }

    @Test func isNotLearntFromAWrongChecksum() {
        let pop = TestPoP()
        var report = Self.report(mtu: 1400)
        report.payload[2] ^= 1

        let outcome = pop.fromOutside(report)

        #expect(outcome == .nothing(but: .dropped(.wrongChecksum)))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func isNotLearntWhenItIsStatic() {
        let pop = TestPoP(Plan.popLines + "pop set path-mtu static\n" + Plan.tunnelLines)

        _ = pop.fromOutside(Self.report(mtu: 1400))

        #expect(pop.tunnel(0).pathMTU == nil)
        #expect(pop.fromUplink(Self.down(1480)).fate == .forwarded)
        #expect(pop.errors(on: 0) == [.icmpv4Error: 1])
    }

    @Test func isLearntOverIPv6ButNeverUnder1280() {
        for (mtu, learnt) in [(1400, 1400), (1280, 1280), (1279, nil), (0, nil)] as [(UInt32, Int?)] {
            let pop = TestPoP()
            let path = OuterPath(local: Plan.popIPv6, remote: Plan.remote(of: 5))
            let quotation = OuterPacket.quotation(
                along: path,
                protocolNumber: ProtocolNumber.ipv6,
                Array(Self.down(1460, to: 5).prefix(1100)),
                size: 1500
            )

            let outcome = pop.fromOutside(
                .icmpv6(type: 2, parameter: mtu, quotation, from: ip("2001:db8:aaaa::1"))
            )

            #expect(outcome == .nothing(but: .consumed))
            #expect(pop.tunnel(5).pathMTU == learnt, "\(mtu)")
            #expect(pop.errors(on: 5) == [.icmpv4Error: 1])
        }
    }

    @Test func onlyFallsUntilItIsForgotten() {
        let pop = TestPoP()
        for (mtu, known) in [(1450, 1450), (1400, 1400), (1430, 1400), (1399, 1399)] as [(UInt32, Int)] {
            _ = pop.fromOutside(Self.report(mtu: mtu))
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
        _ = pop.fromOutside(Self.report(mtu: 1400))

        let fits = pop.fromUplink(Self.down(1380))
        let doesNot = pop.fromUplink(Self.down(1381))

        #expect(fits.fate == .forwarded && fits.spare == nil)
        #expect(doesNot.icmp?.type == 2 && doesNot.icmp?.parameter == 1380)
    }

    @Test func countsTheHeadersOfTheEncapsulation() {
        let pop = TestPoP()
        _ = pop.fromOutside(.ayiya(.noOperation))
        let path = pop.tunnel(1).path ?? Self.path
        let ports = octets("13d0 9c40 0000 0000")
        let quotation = OuterPacket.quotation(
            along: path,
            protocolNumber: ProtocolNumber.udp,
            ports,
            size: 1500
        )

        _ = pop.fromOutside(.icmpv4(type: 3, code: 4, parameter: 1400, quotation, from: Self.router))

        #expect(pop.tunnel(1).pathMTU == 1400)
        #expect(pop.fromUplink(Self.down(1400, to: 1)).icmp?.parameter == 1328)
    }

    /// Sends 1280 octets over a path of a size, and puts together again what left.
    @Test(arguments: [1299, 1296, 1280, 1006, 700, 576, 68])
    func letsPacketsOf1280OctetsThroughEveryPath(_ mtu: Int) throws {
        let pop = TestPoP()
        _ = pop.fromOutside(Self.report(mtu: UInt32(mtu)))
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
            #expect(outcome.spare == nil || packet.totalLength <= mtu)
            whole += packet.payload.octets
        }
        #expect(whole == inner)
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
        _ = pop.fromOutside(Self.report(mtu: 1400))

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

        let outcome = pop.fromOutside(.icmpv4(type: row.input, code: 1, quotation, from: Self.router))

        #expect(outcome == .nothing(but: .consumed))
        #expect(pop.errors(on: 0) == (row.output ? [.icmpv4Error: 1] : [:]))
        #expect(pop.tunnel(0).pathMTU == nil)
    }

    @Test func countsEchoRequestsToTheOuterAddress() {
        let pop = TestPoP()

        _ = pop.fromOutside(.icmpv4(type: 8, code: 0, [1, 2, 3], from: Plan.remote(of: 0)))
        _ = pop.fromOutside(.icmpv4(type: 8, code: 0, [1, 2, 3], from: Plan.elsewhere))

        #expect(pop.errors(on: 0) == [.icmpv4EchoRequest: 1])
        #expect(pop.errors(on: nil) == [.icmpv4EchoRequest: 1])
    }
}
