import Testing
import Wire

@testable import sixxs_client

@Suite("TunnelSession receives")
struct TunnelSessionReceiveTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let octets: [UInt8]
        let verdict: TunnelSession.Outcome

        init(_ description: String, _ octets: [UInt8], is verdict: TunnelSession.Outcome) {
            self.testDescription = description
            self.octets = octets
            self.verdict = verdict
        }
    }

    private static let us = TestTunnel.us
    private static let internet = TestTunnel.internet
    private static let epoch = TestTunnel.epoch
    private static let linkLocal = IPv6Address(high: 0xfe80 << 48, low: 1)
    private static let group = IPv6Address(high: 0xff02 << 48, low: 1)
    private static let inner = TestTunnel.packet(from: internet, to: us)

    private static func forwarded(from source: IPv6Address, to destination: IPv6Address) -> [UInt8] {
        TestTunnel.datagram(.forward, TestTunnel.packet(from: source, to: destination))
    }

    // swift-format-ignore
    static let cases = [
        Case("a packet from the internet", TestTunnel.datagram(), is: .deliver(44..<88)),
        Case("a packet for a subnet of ours", forwarded(from: internet, to: IPv6Address(high: 0x2001_0db8_3001_0000, low: 9)), is: .deliver(44..<88)),
        Case("padding behind the packet", TestTunnel.datagram(.forward, inner + [0, 0, 0]), is: .deliver(44..<88)),
        Case("our own identity", TestTunnel.datagram(identity: us), is: .drop(.wrongIdentity)),
        Case("another tunnel's identity", TestTunnel.datagram(identity: IPv6Address(high: 0x2001_0db8_02ff_0002, low: 1)), is: .drop(.wrongIdentity)),
        Case("another password", TestTunnel.datagram(secret: AYIYASecret(password: "wrong")), is: .drop(.wrongSignature)),
        Case("a clock 120 s ahead", TestTunnel.datagram(epoch: epoch + 120), is: .deliver(44..<88)),
        Case("a clock 121 s ahead", TestTunnel.datagram(epoch: epoch + 121), is: .drop(.clockOff)),
        Case("a clock 120 s behind", TestTunnel.datagram(epoch: epoch - 120), is: .deliver(44..<88)),
        Case("a clock 121 s behind", TestTunnel.datagram(epoch: epoch - 121), is: .drop(.clockOff)),
        Case("a beat", TestTunnel.datagram(.noOperation, [], nextHeader: 59), is: .consume),
        Case("an echo response", TestTunnel.datagram(.echoResponse, [1], nextHeader: 59), is: .consume),
        Case("an echo request", TestTunnel.datagram(.echoRequest, [1, 2, 3], nextHeader: 59), is: .echo(payload: 44..<47, nextHeader: 59, deliver: nil)),
        Case("an empty echo request", TestTunnel.datagram(.echoRequest, [], nextHeader: 59), is: .echo(payload: 44..<44, nextHeader: 59, deliver: nil)),
        Case("an echo request and forward", TestTunnel.datagram(.echoRequestAndForward), is: .echo(payload: 44..<88, nextHeader: 41, deliver: 44..<88)),
        Case("an echo request and forward of a bad packet", TestTunnel.datagram(.echoRequestAndForward, [0x60]), is: .echo(payload: 44..<45, nextHeader: 41, deliver: nil)),
        Case("IPv4 inside", TestTunnel.datagram(.forward, [0x45], nextHeader: 4), is: .drop(.wrongPayload)),
        Case("nothing to forward", TestTunnel.datagram(.forward, [], nextHeader: 59), is: .drop(.wrongPayload)),
        Case("IPv4 called IPv6", TestTunnel.datagram(.forward, TestTunnel.outerPacket([])), is: .drop(.notIPv6)),
        Case("an inner packet cut short", TestTunnel.datagram(.forward, inner.dropLast()), is: .drop(.notIPv6)),
        Case("a link-local source", forwarded(from: linkLocal, to: us), is: .drop(.linkLocal)),
        Case("a link-local destination", forwarded(from: internet, to: linkLocal), is: .drop(.linkLocal)),
        Case("a group", forwarded(from: internet, to: group), is: .drop(.multicast)),
        Case("a group as source", forwarded(from: group, to: us), is: .drop(.impossibleAddress)),
        Case("loopback as source", forwarded(from: .loopback, to: us), is: .drop(.impossibleAddress)),
        Case("our own source", forwarded(from: us, to: us), is: .drop(.ownSource)),
        Case("no datagram of ours", [1, 2, 3], is: .drop(.notAYIYA)),
        Case("nothing", [], is: .drop(.notAYIYA)),
    ]

    @Test(arguments: cases)
    func ayiya(_ example: Case) {
        var session = TestTunnel.session()

        let verdict = session.receive(example.octets)

        #expect(verdict == example.verdict)
        if case .drop(let reason) = verdict {
            #expect(session.drops[reason] == 1)
            #expect(session.drops.summary == "\(reason.rawValue) 1")
        }
    }

    // swift-format-ignore
    static let packets = [
        Case("a packet from the internet", TestTunnel.outerPacket(inner), is: .deliver(20..<64)),
        Case("a padded packet", TestTunnel.outerPacket(inner + [0, 0]), is: .deliver(20..<64)),
        Case("another protocol", TestTunnel.outerPacket(inner, protocolNumber: 47), is: .drop(.notIPv6)),
        Case("an inner packet cut short", TestTunnel.outerPacket(inner.dropLast()), is: .drop(.notIPv6)),
        Case("an outer packet cut short", TestTunnel.outerPacket(inner).dropLast(), is: .drop(.notIPv6)),
        Case("our own source", TestTunnel.outerPacket(TestTunnel.packet(from: us, to: us)), is: .drop(.ownSource)),
    ]

    @Test(arguments: packets)
    func sixInFour(_ example: Case) {
        var session = TestTunnel.session(.sixInFour)
        #expect(session.receive(example.octets) == example.verdict)
    }

    // swift-format-ignore
    static let marks: [(outer: UInt8, inner: UInt8, result: UInt8?)] = [
        (0b00, 0b00, 0b00), (0b10, 0b00, 0b00), (0b01, 0b00, 0b00), (0b11, 0b00, nil),
        (0b00, 0b10, 0b10), (0b10, 0b10, 0b10), (0b01, 0b10, 0b01), (0b11, 0b10, 0b11),
        (0b00, 0b01, 0b01), (0b10, 0b01, 0b01), (0b01, 0b01, 0b01), (0b11, 0b01, 0b11),
        (0b00, 0b11, 0b11), (0b10, 0b11, 0b11), (0b01, 0b11, 0b11), (0b11, 0b11, 0b11),
    ]

    @Test(arguments: marks)
    func combinesCongestionMarks(outer: UInt8, inner: UInt8, result: UInt8?) throws {
        // The outer DSCP stays outside, the inner one inside.
        let packet = TestTunnel.packet(from: Self.internet, to: Self.us, trafficClass: 0xb8 | inner)
        var octets = TestTunnel.datagram(.forward, packet)
        var session = TestTunnel.session()

        let verdict = session.receive(&octets, trafficClass: 0x28 | outer)

        guard let result else {
            #expect(verdict == .drop(.congestion))
            return
        }
        #expect(verdict == .deliver(44..<88))
        #expect(
            Array(octets[44...])
                == TestTunnel.packet(from: Self.internet, to: Self.us, trafficClass: 0xb8 | result)
        )
    }

    @Test
    func takesTheOuterMarkOfAnIPv4Packet() {
        let packet = TestTunnel.packet(from: Self.internet, to: Self.us, trafficClass: 0b10)
        var octets = TestTunnel.outerPacket(packet, trafficClass: 0b11)
        var session = TestTunnel.session(.sixInFour)

        #expect(session.receive(&octets) == .deliver(20..<64))
        #expect(
            Array(octets[20...]) == TestTunnel.packet(from: Self.internet, to: Self.us, trafficClass: 0b11)
        )
    }

    @Test
    func answersAnEchoRequestWithTheSamePayload() throws {
        let session = TestTunnel.session()
        var octets = TestTunnel.datagram(.echoRequest, [1, 2, 3], nextHeader: 59)

        var range = 0..<0
        TestTunnel.edit(&octets) { bytes in
            range = session.encodeEchoResponse(
                in: &bytes,
                payload: 44..<47,
                nextHeader: 59,
                at: TestTunnel.time(5)
            )
        }

        let answer = try AYIYAPacket(octets[range].span.bytes)
        #expect(answer.opcode == .echoResponse)
        #expect(answer.identity == TestTunnel.us)
        #expect(answer.epochTime == UInt32(TestTunnel.epoch + 5))
        #expect(answer.payload.octets == [1, 2, 3])
        let isSigned = answer.hasSignature(by: TestTunnel.secret)
        #expect(isSigned)
    }

    @Test
    func knowsHowFarTheClocksAreApart() {
        var session = TestTunnel.session()
        _ = session.receive(
            TestTunnel.datagram(epoch: TestTunnel.epoch - 300, secret: AYIYASecret(password: "forged"))
        )
        #expect(session.clockDifference == nil, "only the PoP can tell")

        _ = session.receive(TestTunnel.datagram(epoch: TestTunnel.epoch - 300))

        #expect(session.clockDifference == -300)
    }

    @Test
    func survivesEveryTruncation() {
        for whole in [TestTunnel.datagram(), TestTunnel.datagram(.echoRequestAndForward)] {
            for length in 0..<whole.count {
                var session = TestTunnel.session()
                let verdict = session.receive(Array(whole.prefix(length)))
                #expect(verdict == .drop(length < 44 ? .notAYIYA : .wrongSignature))
            }
        }
        let outer = TestTunnel.outerPacket(Self.inner)
        for length in 0..<outer.count {
            var session = TestTunnel.session(.sixInFour)
            #expect(session.receive(Array(outer.prefix(length))) == .drop(.notIPv6))
        }
    }

    @Test
    func survivesRandomOctets() {
        var generator = SystemRandomNumberGenerator()
        var ayiya = TestTunnel.session()
        var sixInFour = TestTunnel.session(.sixInFour)
        for _ in 0..<20_000 {
            var octets = TestTunnel.outerPacket(Self.inner)
            for _ in 0..<3 {
                octets[Int.random(in: 0..<octets.count, using: &generator)] = .random(
                    in: 0...255,
                    using: &generator
                )
            }
            _ = sixInFour.receive(octets)
            _ = ayiya.receive(octets)
        }
        #expect(ayiya.drops.total == 20_000)
    }
}
