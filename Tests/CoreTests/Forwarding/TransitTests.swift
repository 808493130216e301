import Core
import TestSupport
import Testing
import Wire

@Suite("A packet in transit") struct TransitTests {
    private static let user = Plan.them(0)
    private static let remote = Plan.remote(of: 0)

    /// Chains that only a destination may look at (RFC 8200 §4).
    // swift-format-ignore
    static let chains: [Row<[UInt8], UInt8>] = [
        Row("hop-by-hop options",                   octets("3b00 0104 00000000"), is: 0),
        Row("an unknown hop-by-hop option",         octets("3b00 c204 00000000"), is: 0),
        Row("destination options",                  octets("3b00 0104 00000000"), is: 60),
        Row("a fragment",                           octets("1100 0009 00000001 0102030405060708"), is: 44),
        Row("routing header 0 with segments left",  octets("3b02 0001 00000000 20010db8ffff0000 0000000000000010"), is: 43),
        Row("a chain beyond the packet",            octets("3bff 0104 00000000"), is: 60),
        Row("half a header",                        octets("3b00 01"), is: 60),
        Row("ESP",                                  octets("00000001 00000001 aabbccdd"), is: 50),
        Row("a protocol that nobody knows",         octets("ff"), is: 253),
        Row("nothing",                              [], is: 59),
        Row("octets behind no next header",         octets("aabb"), is: 59),
        Row("ICMPv6 with a wrong checksum",         octets("80000000 12340001"), is: 58),
    ]

    @Test(arguments: Self.chains)
    func isForwardedWhateverItCarries(_ row: Row<[UInt8], UInt8>) {
        let pop = TestPoP()
        let down = Packet.ipv6(Plan.internet, Self.user, nextHeader: row.output, hopLimit: 9, row.input)
        let up = Packet.ipv6(Self.user, Plan.internet, nextHeader: row.output, hopLimit: 9, row.input)

        let fromUplink = pop.fromUplink(down)
        let fromTunnel = pop.fromUnderlay(.sixInFour(up, from: Self.remote))

        #expect(fromUplink.sent?.inner == down)
        #expect(fromTunnel.sent?.octets == up.with(8, at: 7))
    }

    @Test func keepsItsFlowLabelAndTrafficClass() {
        let pop = TestPoP()
        let packet = Packet.udp(Plan.internet, Self.user).with(word: 0x6b9a, at: 0).with(word: 0xbcde, at: 2)

        let outcome = pop.fromUplink(packet)

        #expect(outcome.sent?.inner == packet)
    }

    /// RFC 4213 §3.6: the inner header says how long the packet is.
    @Test(arguments: [1, 3, 40, 600])
    func losesThePaddingOfItsOuterPacket(_ count: Int) {
        let pop = TestPoP()
        let packet = Packet.udp(Self.user, Plan.internet, hopLimit: 9)
        let signed = Packet.udp(Plan.them(1), Plan.internet, hopLimit: 9)

        let bare = pop.fromUnderlay(.sixInFour(packet, from: Self.remote).padded(count))
        let gre = pop.fromUnderlay(.gre(packet, from: Self.remote).padded(count))
        let ayiya = pop.fromUnderlay(.ayiya(.forward, signed + [UInt8](repeating: 0xaa, count: count)))

        #expect(bare.sent?.octets == packet.with(8, at: 7))
        #expect(gre.sent?.octets == packet.with(8, at: 7))
        #expect(ayiya.sent?.octets == signed.with(8, at: 7))
    }

    @Test func countsTheOctetsOfTheInnerPacketAndNotItsPadding() {
        let pop = TestPoP()
        let packet = Packet.udp(Self.user, Plan.internet, size: 100)

        _ = pop.fromUnderlay(.sixInFour(packet, from: Self.remote).padded(60))

        #expect(pop.tunnel(0).traffic.ingress.octets == 100)
        #expect(pop.engine.uplinkTraffic.egress.octets == 100)
    }

    // swift-format-ignore
    static let malformed: [Row<[UInt8], DropReason>] = [
        Row("empty",                        [],                                              is: .malformedPacket),
        Row("one octet",                    [0x60],                                          is: .malformedPacket),
        Row("39 octets",                    Array(Packet.udp(Plan.internet, user).prefix(39)), is: .malformedPacket),
        Row("one octet short",              Packet.udp(Plan.internet, user).dropLast(),      is: .malformedPacket),
        Row("IPv4",                         octets("4500001c000040004011b6cdc0000201c00002027878787878787878"), is: .nonIPv6Payload),
        Row("version 0",                    Packet.udp(Plan.internet, user).with(0, at: 0),    is: .nonIPv6Payload),
        Row("version 15",                   Packet.udp(Plan.internet, user).with(0xf0, at: 0), is: .nonIPv6Payload),
    ]

    @Test(arguments: Self.malformed)
    func isDroppedWhenItIsNone(_ row: Row<[UInt8], DropReason>) throws {
        let pop = TestPoP()
        let kind = try #require(row.output.errorKind)

        let fromUplink = pop.fromUplink(row.input)
        let sixInFour = pop.fromUnderlay(.sixInFour(row.input, from: Self.remote))
        let gre = pop.fromUnderlay(.gre(row.input, from: Self.remote))

        #expect(fromUplink == .nothing(but: .dropped(row.output)))
        #expect(sixInFour == fromUplink)
        #expect(gre == fromUplink)
        #expect(pop.errors(on: nil) == [kind: 1])
        #expect(pop.errors(on: 0) == [kind: 2])
    }
}
