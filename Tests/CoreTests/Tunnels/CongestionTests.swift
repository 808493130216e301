import Core
import Testing
import Wire

/// RFC 6040 §4.2, figure 4, and RFC 2983 §4.
@Suite("The ECN field on decapsulation") struct CongestionTests {
    private enum ECN {
        static let notCapable: UInt8 = 0
        static let ect1: UInt8 = 1
        static let ect0: UInt8 = 2
        static let congested: UInt8 = 3
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let inner: UInt8
        let outer: UInt8
        /// Nil for a packet that is dropped.
        let result: UInt8?

        init(_ name: String, _ inner: UInt8, _ outer: UInt8, is result: UInt8?) {
            self.testDescription = name
            self.inner = inner
            self.outer = outer
            self.result = result
        }
    }

    // swift-format-ignore
    static let table = [
        Case("Not-ECT inside, Not-ECT outside", ECN.notCapable, ECN.notCapable, is: ECN.notCapable),
        Case("Not-ECT inside, ECT(0) outside",  ECN.notCapable, ECN.ect0,       is: ECN.notCapable),
        Case("Not-ECT inside, ECT(1) outside",  ECN.notCapable, ECN.ect1,       is: ECN.notCapable),
        Case("Not-ECT inside, CE outside",      ECN.notCapable, ECN.congested,  is: nil),
        Case("ECT(0) inside, Not-ECT outside",  ECN.ect0,       ECN.notCapable, is: ECN.ect0),
        Case("ECT(0) inside, ECT(0) outside",   ECN.ect0,       ECN.ect0,       is: ECN.ect0),
        Case("ECT(0) inside, ECT(1) outside",   ECN.ect0,       ECN.ect1,       is: ECN.ect1),
        Case("ECT(0) inside, CE outside",       ECN.ect0,       ECN.congested,  is: ECN.congested),
        Case("ECT(1) inside, Not-ECT outside",  ECN.ect1,       ECN.notCapable, is: ECN.ect1),
        Case("ECT(1) inside, ECT(0) outside",   ECN.ect1,       ECN.ect0,       is: ECN.ect1),
        Case("ECT(1) inside, ECT(1) outside",   ECN.ect1,       ECN.ect1,       is: ECN.ect1),
        Case("ECT(1) inside, CE outside",       ECN.ect1,       ECN.congested,  is: ECN.congested),
        Case("CE inside, Not-ECT outside",      ECN.congested,  ECN.notCapable, is: ECN.congested),
        Case("CE inside, ECT(0) outside",       ECN.congested,  ECN.ect0,       is: ECN.congested),
        Case("CE inside, ECT(1) outside",       ECN.congested,  ECN.ect1,       is: ECN.congested),
        Case("CE inside, CE outside",           ECN.congested,  ECN.congested,  is: ECN.congested),
    ]

    /// The packet as each of the encapsulations brings it.
    private static func packets(_ example: Case) -> [(tunnel: UInt16, packet: OuterPacket)] {
        let dscp: (inner: UInt8, outer: UInt8) = (0xb8, 0x40)
        let bare = Packet.udp(Plan.them(0), Plan.internet, trafficClass: dscp.inner | example.inner)
        let signed = Packet.udp(Plan.them(1), Plan.internet, trafficClass: dscp.inner | example.inner)
        let mark = dscp.outer | example.outer
        return [
            (0, OuterPacket.sixInFour(bare, from: Plan.remote(of: 0)).marked(mark)),
            (0, OuterPacket.gre(bare, from: Plan.remote(of: 0)).marked(mark)),
            (1, OuterPacket.ayiya(.forward, signed).marked(mark)),
        ]
    }

    @Test(arguments: Self.table)
    func isCombined(_ example: Case) throws {
        for (tunnel, packet) in Self.packets(example) {
            let pop = TestPoP()

            let outcome = pop.fromUnderlay(packet)

            guard let result = example.result else {
                #expect(outcome.fate == .dropped(.congestionMarkOnUnawarePacket))
                #expect(outcome.sent == nil)
                #expect(pop.errors(on: tunnel) == [.wrongPayload: 1])
                continue
            }
            let sent = try #require(outcome.sent)
            #expect(sent.octets.trafficClass == 0xb8 | result)
            let expected = packet.inner.with(sent.octets[1], at: 1).with(63, at: 7)
            #expect(sent.octets == expected)
        }
    }

    @Test func isReadFromAWholeIPv4Packet() {
        let pop = TestPoP()
        let inner = Packet.udp(Plan.them(0), Plan.internet, trafficClass: ECN.ect0)
        let header = IPv4Header(
            trafficClass: ECN.congested,
            totalLength: UInt16(20 + inner.count),
            timeToLive: 3,
            protocolNumber: ProtocolNumber.ipv6,
            source: IPv4Address(198, 51, 100, 1),
            destination: IPv4Address(192, 0, 2, 1)
        )

        let outcome = pop.fromRawIPv4(written(20, before: inner) { header.encode(into: &$0, at: 0) })

        #expect(outcome.sent?.octets.trafficClass == ECN.congested)
    }

    @Test func survivesFromTunnelToTunnel() throws {
        let pop = TestPoP()
        let inner = Packet.udp(Plan.them(0), Plan.them(4), trafficClass: ECN.ect0)

        let outcome = pop.fromUnderlay(.sixInFour(inner, from: Plan.remote(of: 0)).marked(ECN.congested))
        let outer = try OuterPacket(wholePacket: try #require(outcome.sent).octets)

        #expect(outer.trafficClass == ECN.congested)
        #expect(outer.inner.trafficClass == ECN.congested)
    }
}
