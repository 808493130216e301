import Testing
import Wire

@testable import sixxs_client

@Suite("EchoProbe")
struct EchoProbeTests {
    private static func probe(magic: UInt64 = 7) -> EchoProbe {
        EchoProbe(from: TestTunnel.us, to: TestTunnel.pop, identifier: 0x1234, magic: magic)
    }

    private static func request(_ probe: inout EchoProbe, at seconds: Int64 = 0) -> [UInt8] {
        TestTunnel.octets(EchoProbe.packetLength) { bytes in
            probe.encodeRequest(into: &bytes, at: 0, now: .seconds(seconds))
        }
    }

    private static func take(_ probe: inout EchoProbe, _ octets: [UInt8], at seconds: Int64) -> Duration? {
        guard let packet = try? IPv6Packet(octets.span.bytes) else { return nil }
        return probe.takeAnswer(packet, now: .seconds(seconds))
    }

    @Test
    func sendsAValidEchoRequest() throws {
        var probe = Self.probe()

        let octets = Self.request(&probe)

        let packet = try IPv6Packet(octets.span.bytes)
        let message = try ICMPv6Message(
            packet.payload,
            source: packet.source,
            destination: packet.destination
        )
        #expect(packet.source == TestTunnel.us)
        #expect(packet.destination == TestTunnel.pop)
        #expect(message.type == ICMPv6Message.MessageType.echoRequest)
        #expect(message.parameter == 0x1234_0001)
    }

    @Test
    func countsEachAnswerOnce() {
        var probe = Self.probe()
        let first = Self.request(&probe, at: 0)
        let second = Self.request(&probe, at: 10)

        #expect(Self.take(&probe, TestTunnel.answer(to: second), at: 12) == .seconds(2))
        #expect(Self.take(&probe, TestTunnel.answer(to: second), at: 13) == nil)
        #expect(Self.take(&probe, TestTunnel.answer(to: first), at: 13) == .seconds(13))
    }

    @Test
    func forgetsOldRequests() {
        var probe = Self.probe()
        let first = Self.request(&probe)
        for _ in 0..<8 { _ = Self.request(&probe) }

        #expect(Self.take(&probe, TestTunnel.answer(to: first), at: 1) == nil)
    }

    @Test
    func leavesOtherPeoplesAnswersAlone() {
        var ours = Self.probe()
        var theirs = Self.probe(magic: 8)
        let request = Self.request(&ours)
        let other = Self.request(&theirs)
        var broken = TestTunnel.answer(to: request)
        broken[42] ^= 1

        #expect(Self.take(&ours, TestTunnel.answer(to: other), at: 1) == nil)
        #expect(Self.take(&ours, broken, at: 1) == nil, "checksum")
        #expect(Self.take(&ours, request, at: 1) == nil, "a request is no answer")
        #expect(Self.take(&ours, TestTunnel.answer(to: request) + [0], at: 1) != nil, "padding is cut")
    }
}
