import Testing
import Wire

@testable import sixxs_client

@Suite("TunnelSession signs and verifies two at a time")
struct TunnelSessionSignaturesTests {
    private static let good = TestTunnel.datagram()

    private static func signatures(
        _ session: TunnelSession,
        _ first: [UInt8],
        _ second: [UInt8]
    ) -> (SHA1Digest, SHA1Digest)? {
        session.expectedSignatures(of: first.span.bytes, second.span.bytes)
    }

    /// Receives two datagrams as the loop does.
    private static func receive(
        _ session: inout TunnelSession,
        _ first: [UInt8],
        _ second: [UInt8]
    ) -> (TunnelSession.Verdict, TunnelSession.Verdict) {
        let expected = Self.signatures(session, first, second)
        let one = session.receive(first, expecting: expected?.0)
        return (one, session.receive(second, expecting: expected?.1))
    }

    @Test func signsEachAsIfItWereAlone() {
        let session = TestTunnel.session()
        var octets = [Self.good, TestTunnel.datagram(.forward, [1, 2, 3])]
        let signed = octets
        for index in octets.indices {
            octets[index].replaceSubrange(24..<44, with: repeatElement(0, count: 20))
        }
        var single = octets[0]

        var (one, two) = (octets[0], octets[1])
        TestTunnel.edit(&one) { first in
            TestTunnel.edit(&two) { second in session.sign(&first, &second) }
        }
        TestTunnel.edit(&single) { session.sign(&$0) }

        #expect(one == signed[0])
        #expect(two == signed[1])
        #expect(single == signed[0])
    }

    @Test func signsNothingWithoutAPassword() {
        let session = TestTunnel.session(.sixInFour)
        var octets = [UInt8](repeating: 0xee, count: 100)
        var others = octets

        TestTunnel.edit(&octets) { first in
            TestTunnel.edit(&others) { second in session.sign(&first, &second) }
        }

        #expect(octets == [UInt8](repeating: 0xee, count: 100))
        #expect(others == octets)
    }

    /// Each rule holds for a datagram beside another, in front of it and behind.
    @Test(arguments: TunnelSessionReceiveTests.cases)
    func saysTheSameBesideAnother(_ example: TunnelSessionReceiveTests.Case) {
        var before = TestTunnel.session()
        var after = TestTunnel.session()

        let first = Self.receive(&before, example.octets, Self.good)
        let second = Self.receive(&after, Self.good, example.octets)

        #expect(first.0 == example.verdict)
        #expect(first.1 == .deliver(44..<88))
        #expect(second.0 == .deliver(44..<88))
        #expect(second.1 == example.verdict)
        guard case .drop(let reason) = example.verdict else { return }
        #expect(before.drops[reason] == 1 && before.drops.total == 1)
    }

    @Test func refusesForgeriesSideBySide() {
        var session = TestTunnel.session()
        let forged = TestTunnel.datagram(secret: AYIYASecret(password: "wrong"))
        var changed = Self.good
        changed[60] ^= 1

        let verdicts = Self.receive(&session, forged, changed)

        #expect(verdicts.0 == .drop(.wrongSignature))
        #expect(verdicts.1 == .drop(.wrongSignature))
        #expect(session.recentWrongSignatures == 2)
    }

    /// A digest that belongs to another datagram lets nothing pass.
    @Test func refusesADigestOfAnotherDatagram() throws {
        var session = TestTunnel.session()
        let other = TestTunnel.datagram(
            .forward,
            TestTunnel.packet(from: TestTunnel.internet, to: TestTunnel.us, trafficClass: 4)
        )
        let expected = try #require(Self.signatures(session, Self.good, other))

        let mistaken = session.receive(other, expecting: expected.0)
        let right = session.receive(Self.good, expecting: expected.0)

        #expect(mistaken == .drop(.wrongSignature))
        #expect(right == .deliver(44..<88))
    }

    @Test func spendsNoTimeOnWhatIsNotThePoPs() {
        let session = TestTunnel.session()
        let foreign = TestTunnel.datagram(identity: TestTunnel.us)

        #expect(Self.signatures(session, Self.good, foreign) == nil)
        #expect(Self.signatures(session, [1, 2, 3], Self.good) == nil)
        #expect(Self.signatures(TestTunnel.session(.sixInFour), Self.good, Self.good) == nil)
        #expect(Self.signatures(session, Self.good, Self.good) != nil)
    }
}
