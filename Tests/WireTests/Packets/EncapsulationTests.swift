import TestSupport
import Testing
import Wire

@Suite("An encapsulated packet") struct EncapsulationTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let inner: HexadecimalOctets
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    @Test(arguments: Vectors<Vector>.load("encapsulations"))
    func holdsTheInnerPacketOfTheVectors(_ vector: Vector) throws {
        let outer = try IPv4Packet(vector.packet.octets.span.bytes)
        let inner = try IPv6Packet(vector.inner.octets.span.bytes)

        #expect(outer.hasValidChecksum == true)
        #expect(outer.totalLength == vector.packet.octets.count)
        #expect(outer.trafficClass == inner.trafficClass)
        #expect(outer.dontFragment == true)
        #expect(outer.isFragment == false)
        #expect(outer.identification == 0)
        #expect(outer.timeToLive == 64)
        #expect(try Self.decapsulated(outer) == vector.inner.octets)
    }

    private static func decapsulated(_ outer: borrowing IPv4Packet) throws -> [UInt8] {
        switch outer.protocolNumber {
        case ProtocolNumber.ipv6: try IPv6Packet(outer.payload).octets.octets
        case ProtocolNumber.gre: try IPv6Packet(GREPacket(outer.payload).payload).octets.octets
        default: []
        }
    }

    @Test(arguments: Vectors<Vector>.load("encapsulations").prefix(2))
    func isWrittenAsTheVectorsSay(_ vector: Vector) throws {
        let outer = try IPv4Packet(vector.packet.octets.span.bytes)
        let gre = outer.protocolNumber == ProtocolNumber.gre ? GREPacket.headerLength : 0
        let header = IPv4Header(
            trafficClass: try IPv6Packet(vector.inner.octets.span.bytes).trafficClass,
            totalLength: UInt16(20 + gre + vector.inner.octets.count),
            timeToLive: 64,
            protocolNumber: outer.protocolNumber,
            source: outer.source,
            destination: outer.destination
        )

        let octets = written([UInt8](repeating: 0xee, count: 20 + gre) + vector.inner.octets) { buffer in
            header.encode(into: &buffer, at: 0)
            if gre > 0 { GREPacket.encodeHeader(into: &buffer, at: 20) }
        }

        #expect(octets == vector.packet.octets)
    }
}
