import Core
import TestSupport
import Testing
import Wire

@Suite("A packet to us") struct LocalDeliveryTests {
    private static let internet = Plan.internet
    private static let us = Plan.us(0)

    /// Parameter problems, and where they point.
    // swift-format-ignore
    static let problems: [Row<(UInt8, [UInt8]), UInt32>] = [
        Row("routing header 0 with segments left (RFC 5095)",
            (43, octets("3b02 0001 00000000 20010db8ffff00000000000000000010")), is: 42),
        Row("routing header 0 with 255 segments left", (43, octets("3b00 00ff 00000000")), is: 42),
        Row("another routing header with segments left", (43, octets("3b00 0401 00000000")), is: 42),
        Row("routing header 0 behind destination options",
            (60, octets("2b00 0104 00000000 3b00 0001 00000000")), is: 50),
        Row("destination options beyond the packet", (60, octets("3b01 0104 00000000")), is: 41),
        Row("destination options of 2048 octets",    (60, octets("3bff 0104 00000000")), is: 41),
        Row("hop-by-hop options beyond the packet",  (0,  octets("3b01 0104 00000000")), is: 41),
        Row("a routing header beyond the packet",    (43, octets("3b02 0001 00000000")), is: 41),
        Row("an authentication header beyond it",    (51, octets("3b04 0000 00000001")), is: 41),
        Row("the second header beyond the packet",
            (60, octets("3c00 0104 00000000 3b01 0104 00000000")), is: 49),
        Row("half a header", (60, octets("3b00 0104")), is: 6),
        Row("no header where one is announced", (60, []), is: 6),
        Row("half a second header", (60, octets("2b00 0104 00000000 3b00")), is: 40),
        Row("half a fragment header", (44, octets("3b00 0000")), is: 6),
    ]

    @Test(arguments: Self.problems)
    func withABadChainIsAParameterProblem(_ row: Row<(UInt8, [UInt8]), UInt32>) throws {
        let pop = TestPoP()
        let cause = Packet.ipv6(Self.internet, Self.us, nextHeader: row.input.0, row.input.1)

        let icmp = try #require(pop.fromUplink(cause).icmp)

        #expect(icmp.type == 4 && icmp.code == 0)
        #expect(icmp.parameter == row.output)
        #expect(icmp.source == Self.us)
        #expect(icmp.body == cause)
    }

    // swift-format-ignore
    static let closed: [Row<UInt8, Bool>] = [
        Row("UDP", 17, is: true), Row("TCP", 6, is: true), Row("ESP", 50, is: true), Row("IPv4", 4, is: true),
        Row("IPv6", 41, is: true), Row("GRE", 47, is: true), Row("experimental", 253, is: true),
    ]

    @Test(arguments: Self.closed)
    func ofAnyOtherProtocolIsPortUnreachable(_ row: Row<UInt8, Bool>) throws {
        for destination in [Self.us, Plan.daemon] {
            let pop = TestPoP()
            let cause = Packet.ipv6(
                Self.internet,
                destination,
                nextHeader: row.input,
                [UInt8](repeating: 0, count: 24)
            )

            let icmp = try #require(pop.fromUplink(cause).icmp)

            #expect(icmp.type == 1 && icmp.code == 4)
            #expect(icmp.source == destination)
            #expect(icmp.body == cause)
        }
    }

    // swift-format-ignore
    static let quiet: [Row<[UInt8], Fate>] = [
        Row("no next header",             Packet.ipv6(internet, us), is: .consumed),
        Row("destination unreachable",    Packet.icmp(internet, us, type: 1), is: .consumed),
        Row("packet too big",             Packet.icmp(internet, us, type: 2), is: .consumed),
        Row("an unknown error",           Packet.icmp(internet, us, type: 101), is: .consumed),
        Row("an echo reply",              Packet.icmp(internet, us, type: 129), is: .consumed),
        Row("an advertisement",           Packet.icmp(internet, us, type: 136), is: .consumed),
        Row("a router solicitation",      Packet.icmp(internet, us, type: 133), is: .dropped(.unsolicitedLocalPacket)),
        Row("a redirect",                 Packet.icmp(internet, us, type: 137), is: .dropped(.unsolicitedLocalPacket)),
        Row("unknown informational",      Packet.icmp(internet, us, type: 200), is: .dropped(.unsolicitedLocalPacket)),
    ]

    @Test(arguments: Self.quiet)
    func thatAsksForNothingGetsNothing(_ row: Row<[UInt8], Fate>) {
        let outcome = TestPoP().fromUplink(row.input)

        #expect(outcome == .nothing(but: row.output))
    }

    /// RFC 8200 §4.2: the two high bits of an unknown option's type say what the destination does.
    // swift-format-ignore
    static let unknownOptions: [Row<UInt8, [UInt8]?>] = [
        Row("skip it",                                     0x1e, is: [1, 4]),
        Row("discard",                                     0x5e, is: nil),
        Row("discard and say so",                          0x9e, is: [4, 2]),
        Row("discard and say so unless sent to a group",   0xde, is: [4, 2]),
    ]

    @Test(arguments: Self.unknownOptions)
    func obeysTheActionOfAnUnknownOption(_ row: Row<UInt8, [UInt8]?>) {
        let pop = TestPoP()
        let header = [ProtocolNumber.udp, 0, row.input, 4, 0, 0, 0, 0]
        let cause = Packet.ipv6(
            Self.internet,
            Self.us,
            nextHeader: ProtocolNumber.destinationOptions,
            header + [UInt8](repeating: 0, count: 8)
        )

        let icmp = pop.fromUplink(cause).icmp

        #expect(icmp.map { [$0.type, $0.code] } == row.output)
    }
}
