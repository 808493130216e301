import Core
import TestSupport
import Testing
import Wire

@Suite("A GSO packet whose payload lies apart") struct ScatteredGSOPacketTests {
    /// A packet to cut up, and how.
    private struct Whole {
        var octets: [UInt8]
        var header: VirtioNetHeader
        /// Of the headers in front of the payload.
        var headerLength: Int
    }

    /// Makes the packets of one whose payload already lies in slots, which hold nothing else.
    private static func scattered(_ whole: Whole) throws(DecodeError) -> [[UInt8]] {
        let beginning = Array(whole.octets.prefix(whole.headerLength))
        let packet = try GSOPacket(
            beginning: beginning.span.bytes,
            length: whole.octets.count,
            whole.header
        )
        let size = Int(whole.header.segmentSize)
        var packets: [[UInt8]] = []
        for index in 0..<packet.count {
            let payload = whole.octets.dropFirst(whole.headerLength + index * size).prefix(size)
            var slot = [UInt8](repeating: 0xee, count: PacketBuffer.headroom + whole.headerLength) + payload
            var span = slot.mutableSpan
            let start = PacketBuffer.headroom
            var buffer = PacketBuffer(span.mutableBytes, range: start..<start)
            guard packet.complete(index, in: &buffer) else { continue }
            packets.append(buffer.packet.octets)
        }
        return packets
    }

    private static func tcp(_ generator: inout SeededGenerator, most: Int = 9000) -> Whole {
        var segment = TCPSegment(
            source: generator.address(),
            destination: generator.address(),
            sequence: .random(in: .min ... .max, using: &generator),
            flags: .random(in: .min ... .max, using: &generator),
            options: generator.octets(4 * .random(in: 0...10, using: &generator)),
            trafficClass: .random(in: .min ... .max, using: &generator),
            payload: generator.octets(.random(in: 1...most, using: &generator))
        )
        segment.extensions = Self.extensions(before: 6, &generator)
        return Whole(
            octets: segment.octets(checksum: segment.pseudoHeaderSum),
            header: GSOPacketTests.header(of: segment, size: .random(in: 60...1500, using: &generator)),
            headerLength: 60 + segment.extensions.count + segment.options.count
        )
    }

    private static func udp(_ generator: inout SeededGenerator, most: Int = 9000) -> Whole {
        let addresses = generator.octets(32)
        let payload = generator.octets(.random(in: 1...most, using: &generator))
        let extensions = Self.extensions(before: 17, &generator)
        let length = UInt32(8 + payload.count)
        let sum = onesComplementSum(addresses + length.octets + [0, 0, 0, 17])
        var octets = generator.octets(8)
        octets[0] = 0x60 | octets[0] & 0xf
        octets.replaceSubrange(4..<6, with: UInt16(extensions.count + 8 + payload.count).octets)
        octets[6] = extensions.isEmpty ? 17 : 60
        octets += addresses + extensions + generator.octets(4) + UInt16(length).octets + sum.octets + payload
        let header = VirtioNetHeader(
            segmentation: .udp,
            segmentSize: .random(in: 60...1500, using: &generator),
            checksum: VirtioNetHeader.Checksum(start: UInt16(40 + extensions.count), offset: 6)
        )
        return Whole(octets: octets, header: header, headerLength: 48 + extensions.count)
    }

    /// Destination options, or nothing.
    private static func extensions(before next: UInt8, _ generator: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 0...3, using: &generator)
        return count == 0
            ? []
            : [next, UInt8(count - 1), 1, UInt8(8 * count - 4)] + [UInt8](repeating: 0, count: 8 * count - 4)
    }

    @Test func becomesTheSamePacketsAsOneThatIsCopied() throws {
        var generator = SeededGenerator(seed: 20_261_201)
        for number in 0..<200 {
            let whole = number % 2 == 0 ? Self.tcp(&generator) : Self.udp(&generator)

            let packets = try Self.scattered(whole)

            #expect(!packets.isEmpty)
            #expect(try packets == GSOPacketTests.segments(whole.octets, whole.header), "packet \(number)")
        }
    }

    @Test func tellsHowLongItsHeadersAre() throws {
        var generator = SeededGenerator(seed: 20_261_202)
        for number in 0..<40 {
            let whole = number % 2 == 0 ? Self.tcp(&generator) : Self.udp(&generator)
            let packet = try GSOPacket(whole.octets.span.bytes, whole.header)

            #expect(packet.headerLength == whole.headerLength)
            #expect(packet.segmentSize == Int(whole.header.segmentSize))
        }
    }

    @Test func isRefusedWithoutAllItsHeaders() {
        var generator = SeededGenerator(seed: 20_261_203)
        for number in 0..<10 {
            let whole = number % 2 == 0 ? Self.tcp(&generator) : Self.udp(&generator)
            for count in 0..<whole.headerLength {
                #expect(throws: DecodeError.self, "packet \(number), \(count) octets") {
                    let beginning = Array(whole.octets.prefix(count))
                    _ = try GSOPacket(
                        beginning: beginning.span.bytes,
                        length: whole.octets.count,
                        whole.header
                    )
                }
            }
        }
    }

    /// What makes sense of a beginning must be the same as what makes sense of the whole.
    @Test func isRefusedWheneverTheWholeIs() {
        var generator = SeededGenerator(seed: 20_261_204)
        var accepted = 0
        for number in 0..<2000 {
            var whole = number % 2 == 0 ? Self.tcp(&generator, most: 300) : Self.udp(&generator, most: 300)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let index = Int.random(in: 0..<min(whole.octets.count, 100), using: &generator)
                whole.octets[index] = .random(in: .min ... .max, using: &generator)
            }
            if Bool.random(using: &generator) { whole.octets.removeLast() }
            let beginning = Array(whole.octets.prefix(.random(in: 0...200, using: &generator)))
            let expected = Self.description(whole.octets, whole.octets.count, whole.header)
            let found = Self.description(beginning, whole.octets.count, whole.header)

            guard let found else { continue }
            accepted += 1
            #expect(found == expected, "packet \(number)")
            #expect(found.first.map { $0 <= beginning.count } == true)
        }
        #expect(accepted > 200)
    }

    private static func description(_ beginning: [UInt8], _ length: Int, _ header: VirtioNetHeader) -> [Int]?
    {
        guard let packet = try? GSOPacket(beginning: beginning.span.bytes, length: length, header) else {
            return nil
        }
        return [packet.headerLength, packet.segmentSize, packet.count, packet.largest]
    }

    @Test func isNotCopiedFromWhereItIsNot() throws {
        let segment = TCPSegment(payload: [UInt8](repeating: 7, count: 100))
        let octets = segment.octets(checksum: segment.pseudoHeaderSum)
        let beginning = Array(octets.prefix(60 + 40))
        let header = GSOPacketTests.header(of: segment, size: 40)
        let packet = try GSOPacket(beginning: beginning.span.bytes, length: octets.count, header)
        var slot = [UInt8](repeating: 0, count: 400)
        var span = slot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start)

        #expect(packet.write(0, into: &buffer))
        #expect(!packet.write(1, into: &buffer))
        #expect(!packet.write(2, into: &buffer))
    }

    @Test func isMadeOnlyWhereItFits() throws {
        let segment = TCPSegment(payload: [UInt8](repeating: 7, count: 100))
        let octets = segment.octets(checksum: segment.pseudoHeaderSum)
        let packet = try GSOPacket(octets.span.bytes, GSOPacketTests.header(of: segment, size: 40))
        var slot = [UInt8](repeating: 0, count: PacketBuffer.headroom + 99)
        var span = slot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start)

        #expect(!packet.complete(0, in: &buffer))
        #expect(packet.complete(2, in: &buffer))
        #expect(!packet.complete(3, in: &buffer))
    }
}
