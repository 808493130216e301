import Core
import Testing
import Wire

/// RFC 4443 §2.2: where the addresses of our own messages come from.
@Suite("The source of what we send") struct SourceAddressTests {
    /// Subnet prefixes without a tunnel prefix: nothing of ours has an address.
    private static let addressless = """
        pop set details 1 chtst01 192.0.2.1 2001:db8:42::1
        pop set id 1
        pop subnetprefix add 2001:db8:3000::/40

        """

    @Test func isNeverUnspecified() {
        let pop = TestPoP(Self.addressless)

        let outcome = pop.fromUplink(Packet.ping(Plan.internet, ipv6("2001:db8:3001::1")))

        #expect(outcome == .nothing(but: .dropped(.missingTunnel)))
    }
}
