import Testing
import Wire

@testable import sixxs_client

@Suite("TunnelSession encapsulates")
struct TunnelSessionEncapsulateTests {
    private static func encapsulate(
        _ session: inout TunnelSession,
        _ packet: [UInt8]
    ) -> (octets: [UInt8], trafficClass: UInt8)? {
        let headroom = session.settings.encapsulation.headroom
        var buffer = [UInt8](repeating: 0xee, count: headroom) + packet
        var result: (octets: Range<Int>, trafficClass: UInt8)?
        TestTunnel.edit(&buffer) { bytes in
            result = session.encapsulate(
                in: &bytes,
                at: headroom,
                length: packet.count,
                at: TestTunnel.time(7)
            )
        }
        return result.map { prepared in
            var octets = Array(buffer[prepared.octets])
            TestTunnel.edit(&octets) { session.sign(&$0) }
            return (octets, prepared.trafficClass)
        }
    }

    @Test
    func signsADatagram() throws {
        var session = TestTunnel.session()
        let packet = TestTunnel.packet(from: TestTunnel.us, to: TestTunnel.internet, trafficClass: 0xb9)

        let result = try #require(Self.encapsulate(&session, packet))

        let datagram = try AYIYAPacket(result.octets.span.bytes)
        #expect(datagram.opcode == .forward)
        #expect(datagram.nextHeader == ProtocolNumber.ipv6)
        #expect(datagram.identity == TestTunnel.us)
        #expect(datagram.epochTime == UInt32(TestTunnel.epoch + 7))
        #expect(datagram.payload.octets == packet)
        let isSigned = datagram.hasSignature(by: TestTunnel.secret)
        #expect(isSigned)
        #expect(result.trafficClass == 0xb9)
    }

    @Test
    func leavesA6in4PacketAsItIs() throws {
        var session = TestTunnel.session(.sixInFour)
        let packet = TestTunnel.packet(from: TestTunnel.us, to: TestTunnel.internet)

        #expect(try #require(Self.encapsulate(&session, packet)).octets == packet)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let packet: [UInt8]
        let reason: DiscardReason?
    }

    private static let linkLocal = IPv6Address(high: 0xfe80 << 48, low: 1)
    private static let routers = IPv6Address(high: 0xff02 << 48, low: 2)
    private static let reports = IPv6Address(high: 0xff02 << 48, low: 0x16)
    private static let subnet = IPv6Address(high: 0x2001_0db8_3001_0000, low: 1)

    private static func row(
        _ description: String,
        _ source: IPv6Address,
        _ destination: IPv6Address,
        _ reason: DiscardReason?
    ) -> Case {
        Case(
            testDescription: description,
            packet: TestTunnel.packet(from: source, to: destination),
            reason: reason
        )
    }

    // swift-format-ignore
    static let cases = [
        row("our address", TestTunnel.us, TestTunnel.internet, nil),
        row("a subnet of ours", subnet, TestTunnel.internet, nil),
        row("router solicitation", linkLocal, routers, .linkLocal),
        row("multicast listener report", .unspecified, reports, .multicast),
        row("link-local destination", TestTunnel.us, linkLocal, .linkLocal),
        row("unspecified source", .unspecified, TestTunnel.internet, .impossibleAddress),
        row("loopback", .loopback, TestTunnel.internet, .impossibleAddress),
        row("mapped destination", TestTunnel.us, IPv6Address(mapping: IPv4Address(192, 0, 2, 1)), .impossibleAddress),
        Case(testDescription: "IPv4", packet: TestTunnel.outerPacket([]), reason: .notIPv6),
        Case(testDescription: "nothing", packet: [], reason: .notIPv6),
    ]

    @Test(arguments: cases)
    func letsPass(_ example: Case) {
        var session = TestTunnel.session()

        let result = Self.encapsulate(&session, example.packet)

        #expect((result == nil) == (example.reason != nil))
        #expect(session.drops.total == (example.reason == nil ? 0 : 1))
        if let reason = example.reason { #expect(session.drops[reason] == 1) }
    }
}
