import Testing
import Wire

@Suite("An offload header") struct VirtioNetHeaderTests {
    /// What Linux puts in front of a TCP GSO packet: little-endian.
    static let bulk: [UInt8] = [1, 4, 72, 0, 0x78, 0x05, 40, 0, 16, 0]

    private static func decode(_ octets: [UInt8]) throws(DecodeError) -> VirtioNetHeader {
        try VirtioNetHeader(octets.span.bytes)
    }

    private static func encode(_ header: VirtioNetHeader) -> [UInt8] {
        var octets = [UInt8](repeating: 0xee, count: VirtioNetHeader.length)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }

    @Test func isReadAndWritten() throws {
        let header = try Self.decode(Self.bulk)

        #expect(header.segmentation == .tcpOverIPv6)
        #expect(header.headerLength == 72)
        #expect(header.segmentSize == 1400)
        #expect(header.checksum == VirtioNetHeader.Checksum(start: 40, offset: 16))
        #expect(Self.encode(header) == Self.bulk)
    }

    @Test func ofAPlainPacketIsAllZeros() throws {
        #expect(Self.encode(VirtioNetHeader()) == [UInt8](repeating: 0, count: 10))
        #expect(try Self.decode([UInt8](repeating: 0, count: 10)) == VirtioNetHeader())
    }

    /// The short look at a header agrees with the long one, for all that its first two octets can be.
    @Test func isPlainWhereNothingIsToDo() {
        for flags in UInt8.min ... .max {
            for kind in UInt8.min ... .max {
                let octets = Self.bulk.with(flags, at: 0).with(kind, at: 1)
                let header = try? Self.decode(octets)
                let isNothingToDo = header.map { $0.segmentation == .none && $0.checksum == nil } ?? false

                let isPlain = VirtioNetHeader.isPlain(octets.span.bytes)

                #expect(isPlain == isNothingToDo, "flags \(flags), kind \(kind)")
            }
        }
    }

    // MARK: - What a link handed on

    @Test func countsFromThePacket() throws {
        let octets = Self.bulk.with(74, at: 6)

        let header = try VirtioNetHeader(ofReceived: octets.span.bytes, origin: 34)

        #expect(try header == Self.decode(Self.bulk))
    }

    @Test(arguments: [(40, 40, true), (40, 41, false), (40, 0, true), (0, 1, false)])
    func countsFromNothingInFrontOfThePacket(_ start: UInt8, _ origin: Int, _ isTaken: Bool) {
        let octets = Self.bulk.with(start, at: 6)

        let header = try? VirtioNetHeader(ofReceived: octets.span.bytes, origin: origin)

        #expect((header != nil) == isTaken)
    }

    @Test func mayHaveCompleteChecksums() throws {
        // 2: the kernel has verified it.
        let octets = Self.bulk.with(2, at: 0)

        let header = try VirtioNetHeader(ofReceived: octets.span.bytes, origin: 34)

        #expect(header.segmentation == .tcpOverIPv6 && header.segmentSize == 1400 && header.checksum == nil)
        #expect(throws: DecodeError.self) { try Self.decode(octets) }
    }

    @Test func mayMarkTheFirstSegmentsCongestionWindow() throws {
        #expect(try Self.decode(Self.bulk.with(0x84, at: 1)).segmentation == .tcpOverIPv6)
    }

    @Test(arguments: 0..<VirtioNetHeader.length)
    func isRefusedWhenCutAt(_ count: Int) {
        #expect(throws: DecodeError.truncated(needed: 10, available: count)) {
            try Self.decode(Array(Self.bulk.prefix(count)))
        }
    }

    // swift-format-ignore
    @Test(arguments: [
        ("fragments, long abolished",  bulk.with(3, at: 1)),
        ("an unknown kind",            bulk.with(2, at: 1)),
        ("segments of no size",        bulk.with(0, at: 4).with(0, at: 5)),
        ("segments without a checksum", bulk.with(0, at: 0)),
    ])
    func isRefusedWith(_ what: String, _ octets: [UInt8]) {
        #expect(throws: DecodeError.invalidField(.segmentation)) { try Self.decode(octets) }
    }
}
