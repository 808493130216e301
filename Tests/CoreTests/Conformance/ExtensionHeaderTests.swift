import Core
import TestSupport
import Testing
import Wire

/// RFC 8200 §4: what only a destination does with extension headers, and what we do not do with them.
@Suite("An extension header") struct ExtensionHeaderTests {
    private static let user = Plan.them(0)
    private static let us = Plan.us(0)
    private static let request = Packet.icmpMessage(user, us, type: 128, parameter: 1)

    private static func outcome(_ packet: [UInt8]) -> Outcome {
        TestPoP().fromUnderlay(.sixInFour(packet, from: Plan.remote(of: 0)))
    }

    // swift-format-ignore
    static let fragments: [Row<[UInt8], Bool>] = [
        Row("first",            octets("3a00 0001 00000001"), is: false),
        Row("in the middle",    octets("3a00 0009 00000001"), is: false),
        Row("last",             octets("3a00 0008 00000001"), is: false),
        Row("atomic: no part",  octets("3a00 0000 00000001"), is: true),
    ]

    /// §4.5, §5: we put no fragments together.
    @Test(arguments: Self.fragments)
    func ofAFragmentToUsIsTheEndOfIt(_ row: Row<[UInt8], Bool>) {
        let outcome = Self.outcome(Packet.ipv6(Self.user, Self.us, nextHeader: 44, row.input + Self.request))

        #expect(outcome.fate == (row.output ? .answered : .dropped(.unsolicitedLocalPacket)))
    }

    /// §4: hop-by-hop options behind others.
    @Test func inAnotherOrderIsSteppedOver() {
        let headers = octets("0000 0104 00000000 3a00 0104 00000000")

        let outcome = Self.outcome(Packet.ipv6(Self.user, Self.us, nextHeader: 60, headers + Self.request))

        #expect(outcome.icmp?.type == 129)
    }

    /// §4.7: octets behind the last header are passed on unchanged.
    @Test func thatSaysNoNextHeaderMayHaveOctetsBehindIt() {
        let outcome = Self.outcome(
            Packet.ipv6(Self.user, Plan.internet, nextHeader: 59, octets("0102 0304 05"))
        )

        #expect(outcome.fate == .forwarded)
        #expect(outcome.sent?.octets.suffix(5) == octets("0102 0304 05")[...])
    }
}
