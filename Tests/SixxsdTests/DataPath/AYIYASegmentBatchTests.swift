import LinuxIO
import Testing
import Wire

@testable import sixxsd

@Suite("A run of AYIYA datagrams") struct AYIYASegmentBatchTests {
    private struct Outer {
        var source: UInt32 = 0xc000_022a
        var remotePort: UInt16 = 40000
        var localPort: UInt16 = 5072
        var trafficClass: UInt8 = 0
        var protocolNumber = ProtocolNumber.udp
        var fragmentation = IPv4Header.Fragmentation.forbidden
        var payload = 1000
        var isIPv6 = false

        private func write(_ buffer: inout MutableRawSpan) {
            let header = self.isIPv6 ? 40 : 20
            let ports = (source: self.localPort, destination: self.remotePort)
            UDPHeader.encodeWithoutChecksum(
                into: &buffer,
                at: header,
                payloadLength: self.payload,
                ports: ports
            )
            if self.isIPv6 {
                IPv6Header(
                    trafficClass: self.trafficClass,
                    payloadLength: UInt16(8 + self.payload),
                    nextHeader: self.protocolNumber,
                    hopLimit: 64,
                    source: IPv6Address(high: UInt64(self.source), low: 1),
                    destination: IPv6Address(high: 2, low: 3)
                ).encode(into: &buffer, at: 0)
            } else {
                IPv4Header(
                    trafficClass: self.trafficClass,
                    totalLength: UInt16(28 + self.payload),
                    fragmentation: self.fragmentation,
                    timeToLive: 64,
                    protocolNumber: self.protocolNumber,
                    source: IPv4Address(self.source),
                    destination: IPv4Address(0xcb00_7101)
                ).encode(into: &buffer, at: 0)
            }
        }

        var octets: [UInt8] {
            var octets = [UInt8](repeating: 7, count: (self.isIPv6 ? 48 : 28) + self.payload)
            var span = octets.mutableSpan
            var buffer = span.mutableBytes
            self.write(&buffer)
            return octets
        }
    }

    /// How many of the packets a batch takes that begins with the first.
    private static func length(_ packets: [Outer]) -> Int {
        let memory = packets.map { packet in
            let octets = packet.octets
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: octets.count, alignment: 8)
            copy.copyBytes(from: octets)
            return UnsafeRawBufferPointer(copy)
        }
        defer { for copy in memory { copy.deallocate() } }
        guard var run = memory.first.flatMap({ AYIYASegmentBatch($0) }) else { return 0 }
        return 1 + memory.dropFirst().prefix { run.takes($0) }.count
    }

    @Test(arguments: [false, true])
    func takesThoseOfOneLengthAndAShorterOneAtItsEnd(_ isIPv6: Bool) {
        let packet = Outer(isIPv6: isIPv6)
        let short = Outer(payload: 999, isIPv6: isIPv6)
        let long = Outer(payload: 1001, isIPv6: isIPv6)

        #expect(Self.length([packet, packet, packet]) == 3)
        #expect(Self.length([packet, packet, short, short]) == 3)
        #expect(Self.length([packet, packet, long]) == 2)
        #expect(Self.length([packet, short, packet]) == 2)
    }

    @Test func takesNoMoreThanTheKernelDoes() {
        #expect(Self.length([Outer](repeating: Outer(payload: 100), count: 70)) == 64)
        #expect(Self.length([Outer](repeating: Outer(payload: 1400), count: 70)) == 46)
    }

    @Test(arguments: [false, true])
    func endsWhereSomethingElseBegins(_ isIPv6: Bool) {
        let first = Outer(isIPv6: isIPv6)
        let others = [
            Outer(source: 1, isIPv6: isIPv6), Outer(remotePort: 1, isIPv6: isIPv6),
            Outer(localPort: 3740, isIPv6: isIPv6), Outer(trafficClass: 3, isIPv6: isIPv6),
            Outer(protocolNumber: ProtocolNumber.ipv6, isIPv6: isIPv6), Outer(isIPv6: !isIPv6),
        ]
        for other in others { #expect(Self.length([first, other]) == 1, "\(other)") }
        #expect(Self.length([Outer(), Outer(fragmentation: .allowed(identification: 7))]) == 1)
    }

    // swift-format-ignore
    @Test func isNotBegunBy() {
        #expect(Self.length([Outer(protocolNumber: ProtocolNumber.ipv6)]) == 0, "6in4")
        #expect(Self.length([Outer(localPort: 3740)]) == 0, "another port of ours")
        #expect(Self.length([Outer(fragmentation: .allowed(identification: 7))]) == 0, "what may be fragmented")
        #expect(Self.length([Outer(payload: 0)]) == 0, "nothing inside")
    }

    @Test func saysWhatTheKernelMustKnow() {
        let octets = Outer(trafficClass: 0xb9).octets
        octets.withUnsafeBytes { packet in
            let run = AYIYASegmentBatch(packet)
            #expect(run?.headerLength == 28)
            #expect(run?.description.local == .ipv4(IPv4Address(0xc000_022a)))
            #expect(run?.description.remote == .ipv4(IPv4Address(0xcb00_7101)))
            #expect(run?.description.remotePort == 40000)
            #expect(run?.description.trafficClass == 0xb9)
            #expect(run?.description.segmentSize == 1000)
        }
    }
}
