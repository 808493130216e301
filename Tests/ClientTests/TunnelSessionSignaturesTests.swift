import Testing
import Wire

@testable import sixxs_client

@Suite("TunnelSession signs and verifies many at a time")
struct TunnelSessionSignaturesTests {
    private static let good = TestTunnel.datagram()

    /// What datagrams must be signed with, worked out together; nil for those that nothing is worked out for.
    private static func signatures(_ session: TunnelSession, _ datagrams: [UInt8]...) -> [SHA1Digest?] {
        var signatures = DatagramSignatures()
        return Array(datagrams.joined()).withUnsafeBytes { octets in
            var start = 0
            let indices: [Int?] = datagrams.map { datagram in
                let part = UnsafeRawBufferPointer(rebasing: octets[start..<start + datagram.count])
                start += datagram.count
                let index = signatures.count
                return session.addExpected(part, to: &signatures) ? index : nil
            }
            signatures.compute()
            return indices.map { $0.map { signatures.signature(at: $0) } }
        }
    }

    /// Receives two datagrams as the loop does.
    private static func receive(
        _ session: inout TunnelSession,
        _ first: [UInt8],
        _ second: [UInt8]
    ) -> (TunnelSession.Outcome, TunnelSession.Outcome) {
        let expected = Self.signatures(session, first, second)
        let one = session.receive(first, expecting: expected[0])
        return (one, session.receive(second, expecting: expected[1]))
    }

    @Test func signsEachAsIfItWereAlone() {
        let session = TestTunnel.session()
        let signed = [Self.good, TestTunnel.datagram(.forward, [1, 2, 3])]
        let unsigned = signed.map { $0[..<24] + [UInt8](repeating: 0, count: 20) + $0[44...] }
        var single = Array(unsigned[0])
        var signatures = DatagramSignatures()

        TestTunnel.edit(&single) { session.sign(&$0) }
        var both = Array(unsigned.joined())
        both.withUnsafeMutableBytes { octets in
            let end = signed[0].count
            #expect(session.add(UnsafeRawBufferPointer(rebasing: octets[..<end]), to: &signatures))
            #expect(session.add(UnsafeRawBufferPointer(rebasing: octets[end...]), to: &signatures))
            signatures.sign()
        }

        #expect(single == signed[0])
        #expect(both == Array(signed.joined()))
    }

    @Test func signsNothingWithoutAPassword() {
        let session = TestTunnel.session(.sixInFour)
        var octets = [UInt8](repeating: 0xee, count: 100)
        var signatures = DatagramSignatures()

        TestTunnel.edit(&octets) { session.sign(&$0) }

        #expect(octets == [UInt8](repeating: 0xee, count: 100))
        octets.withUnsafeBytes { #expect(!session.add($0, to: &signatures)) }
        octets.prefix(43).withUnsafeBytes { #expect(!TestTunnel.session().add($0, to: &signatures)) }
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
        let expected = try #require(Self.signatures(session, Self.good, other)[0])

        let mistaken = session.receive(other, expecting: expected)
        let right = session.receive(Self.good, expecting: expected)

        #expect(mistaken == .drop(.wrongSignature))
        #expect(right == .deliver(44..<88))
    }

    @Test func spendsNoTimeOnWhatIsNotThePoPs() {
        let session = TestTunnel.session()
        let foreign = TestTunnel.datagram(identity: TestTunnel.us)

        let signatures = Self.signatures(session, Self.good, foreign, [1, 2, 3])

        #expect(signatures.map { $0 == nil } == [false, true, true])
        #expect(Self.signatures(TestTunnel.session(.sixInFour), Self.good) == [nil])
    }
}
