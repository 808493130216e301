import TestSupport
import Testing
import Wire

@testable import Core

@Suite("An ICMPv6 error of the vectors") struct ICMPv6VectorTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let source: String
        let destination: String
        let cause: HexadecimalOctets
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    private static let errors: [String: ICMPv6Error] = [
        "no route: tunnel down": .tunnelDown,
        "administratively prohibited: tunnel disabled": .tunnelDisabled,
        "address unreachable: no such tunnel": .noSuchTunnel,
        "packet too big, MTU 1280": .packetTooBig(mtu: 1280),
        "hop limit exceeded": .hopLimitExceeded,
    ]

    @Test(arguments: Vectors<Vector>.load("icmpv6-errors"))
    func isWrittenBitForBit(_ vector: Vector) throws {
        let error = try #require(Self.errors[vector.label])
        let cause = vector.cause.octets
        var slot = [UInt8](repeating: 0xee, count: PacketBuffer.headroom) + cause
        var span = slot.mutableSpan
        var buffer = PacketBuffer(
            span.mutableBytes,
            range: PacketBuffer.headroom..<PacketBuffer.headroom + cause.count
        )

        buffer.makeICMPv6Error(error, from: ipv6(vector.source), to: ipv6(vector.destination))
        let octets = buffer.packet.octets

        #expect(octets == vector.packet.octets)
    }

    /// The configuration in which each cause, sent to `2001:db8:2ff:1::2`, has the vector's effect.
    private static let tunnels: [String: String] = [
        "no route: tunnel down": "tunnel set config 1 T5072 ayiya up 1280 x\n",
        "administratively prohibited: tunnel disabled":
            "tunnel set config 1 T5072 198.51.100.1 disabled 1280\n",
        "address unreachable: no such tunnel": "",
        "packet too big, MTU 1280": "tunnel set config 1 T5072 198.51.100.1 up 1280\n",
        "hop limit exceeded": "tunnel set config 1 T5072 198.51.100.1 up 1280\n",
    ]

    @Test(arguments: Vectors<Vector>.load("icmpv6-errors"))
    func answersItsCauseBitForBit(_ vector: Vector) throws {
        let pop = TestPoP(Plan.popLines + (try #require(Self.tunnels[vector.label])))
        let isAboutHops = vector.label == "hop limit exceeded"
        let cause = isAboutHops ? vector.cause.octets.with(1, at: 7) : vector.cause.octets
        let expected = isAboutHops ? Self.quotingHopLimit1(vector.packet.octets) : vector.packet.octets

        let outcome = pop.fromUplink(cause)

        #expect(outcome.fate == .answered)
        #expect(outcome.sent?.isToUplink == true)
        #expect(outcome.sent?.octets == expected)
    }

    /// The vector's cause has a hop limit of 64, which does not expire: the same error quoting a hop limit of 1.
    private static func quotingHopLimit1(_ packet: [UInt8]) -> [UInt8] {
        let checksum = packet.word(at: 42) ?? 0
        // The checksum rises by what the quoted word 3a40 falls to 3a01; no carry in this vector.
        return packet.with(1, at: 48 + 7).with(word: checksum + (0x40 - 0x01), at: 42)
    }
}
