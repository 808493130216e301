import Core
import Testing
import Wire

/// RFC 4213 §3.6: SHOULD NOT, hence off by default; daemon.md section 3.
@Suite("An ICMPv4 protocol unreachable") struct ProtocolUnreachableTests {
    private static let inner = Packet.udp(Plan.them(0), Plan.internet, size: 700)

    private static func raw(from remote: IPv4Address) -> [UInt8] {
        let header = IPv4Header(
            totalLength: UInt16(20 + inner.count),
            timeToLive: 60,
            protocolNumber: ProtocolNumber.ipv6,
            source: remote,
            destination: IPv4Address(192, 0, 2, 1)
        )
        return written(20, before: inner) { header.encode(into: &$0, at: 0) }
    }

    private static let stranger = IPv4Address(203, 0, 113, 5)

    @Test func isNotSentUnlessConfigured() {
        let outcome = TestPoP().fromRawIPv4(Self.raw(from: Self.stranger))

        #expect(outcome == .nothing(but: .dropped(.wrongEndpoint)))
    }

    @Test func isSentWhenConfigured() throws {
        let pop = TestPoP(Plan.popLines + "pop set protocol-unreachable on\n" + Plan.tunnelLines)
        let cause = Self.raw(from: Self.stranger)

        let outcome = pop.fromRawIPv4(cause)
        let sent = try #require(outcome.sent).octets
        let outer = try IPv4Packet(sent.span.bytes)
        let message = try ICMPv4Message(outer.payload)

        #expect(outcome.fate == .answered)
        #expect(outer.source == IPv4Address(192, 0, 2, 1) && outer.destination == Self.stranger)
        #expect(outer.protocolNumber == ProtocolNumber.icmpv4)
        #expect(outer.hasValidChecksum == true)
        #expect(outer.totalLength <= 576)
        #expect(message.type == 3 && message.code == 2)
        #expect(cause.starts(with: message.body.octets))
        #expect(pop.errors(on: 0) == [.wrongSourceIPv4: 1])
    }

    @Test func isRateLimited() {
        let limits = "pop set icmp-rate 10 10 3\npop set protocol-unreachable on\n"
        let pop = TestPoP(Plan.popLines + limits + Plan.tunnelLines)

        let answers = (0..<20).count { _ in pop.fromRawIPv4(Self.raw(from: Self.stranger)).fate == .answered }

        #expect(answers == 3)
    }

    @Test(arguments: [IPv4Address(224, 0, 0, 1), IPv4Address(255, 255, 255, 255), IPv4Address(0, 0, 0, 0)])
    func isNeverSentToWhatIsNoHost(_ source: IPv4Address) {
        let pop = TestPoP(Plan.popLines + "pop set protocol-unreachable on\n" + Plan.tunnelLines)

        #expect(pop.fromRawIPv4(Self.raw(from: source)).sent == nil)
    }

    @Test func isNotSentToTheRightEnd() {
        let pop = TestPoP(Plan.popLines + "pop set protocol-unreachable on\n" + Plan.tunnelLines)

        #expect(pop.fromRawIPv4(Self.raw(from: IPv4Address(198, 51, 100, 1))).fate == .forwarded)
    }
}
