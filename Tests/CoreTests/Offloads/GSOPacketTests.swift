import Core
import TestSupport
import Testing
import Wire

@Suite("A GSO packet") struct GSOPacketTests {
    private static let room = PacketBuffer.headroom + 2048

    /// Cuts a packet up.
    static func segments(_ octets: [UInt8], _ header: VirtioNetHeader) throws(DecodeError) -> [[UInt8]] {
        let whole = try GSOPacket(octets.span.bytes, header)
        var packets: [[UInt8]] = []
        for index in 0..<whole.count {
            var slot = [UInt8](repeating: 0xee, count: Self.room)
            var span = slot.mutableSpan
            let start = PacketBuffer.headroom
            var buffer = PacketBuffer(span.mutableBytes, range: start..<start)
            guard whole.write(index, into: &buffer) else { continue }
            packets.append(buffer.packet.octets)
        }
        return packets
    }

    static func header(of segment: TCPSegment, size: Int) -> VirtioNetHeader {
        VirtioNetHeader(
            segmentation: .tcpOverIPv6,
            headerLength: UInt16(60 + segment.options.count),
            segmentSize: UInt16(size),
            checksum: VirtioNetHeader.Checksum(start: UInt16(40 + segment.extensions.count), offset: 16)
        )
    }

    /// What TCP itself would have sent.
    private static func expected(_ whole: TCPSegment, size: Int) -> [[UInt8]] {
        stride(from: 0, to: whole.payload.count, by: size).map { start in
            var part = whole
            let end = min(start + size, whole.payload.count)
            part.payload = Array(whole.payload[start..<end])
            part.sequence = whole.sequence &+ UInt32(start)
            if start > 0 { part.flags &= ~0x80 }
            if end < whole.payload.count { part.flags &= ~0x09 }
            return part.octets
        }
    }

    private static func random(_ generator: inout SeededGenerator) -> TCPSegment {
        var segment = TCPSegment()
        segment.source = generator.address()
        segment.destination = generator.address()
        segment.sequence = .random(in: .min ... .max, using: &generator)
        segment.acknowledgement = .random(in: .min ... .max, using: &generator)
        segment.flags = 0x10 | [0, 0x08, 0x09, 0x80, 0x40, 0xc8].randomElement(using: &generator, or: 0)
        segment.window = .random(in: .min ... .max, using: &generator)
        segment.options = generator.octets(4 * .random(in: 0...10, using: &generator))
        segment.trafficClass = .random(in: .min ... .max, using: &generator)
        segment.flowLabel = .random(in: 0...0xf_ffff, using: &generator)
        segment.payload = generator.octets(.random(in: 1...9000, using: &generator))
        if Bool.random(using: &generator) { segment.extensions = [6, 0, 1, 4, 0, 0, 0, 0] }
        return segment
    }

    @Test func isCutUpAsTCPWouldHaveSentIt() throws {
        var generator = SeededGenerator(seed: 20_261_127)
        for number in 0..<100 {
            let whole = Self.random(&generator)
            let size = Int.random(in: 1...1500, using: &generator)
            guard whole.payload.count / size < 200 else { continue }
            let octets = whole.octets(checksum: whole.pseudoHeaderSum)

            let packets = try Self.segments(octets, Self.header(of: whole, size: size))

            #expect(packets == Self.expected(whole, size: size), "packet \(number), \(size) octets each")
        }
    }

    @Test func ofUDPIsCutUpIntoDatagrams() throws {
        let (source, destination) = (ipv6("2001:db8:ffff::10"), ipv6("2001:db8:2ff::2"))
        let whole = Packet.udp(source, destination, size: 48 + 2500)
        let length = UInt32(2508)
        let sum = onesComplementSum(source.octets + destination.octets + length.octets + [0, 0, 0, 17])
        var octets = whole
        octets.replaceSubrange(46..<48, with: sum.octets)
        let header = VirtioNetHeader(
            segmentation: .udp,
            segmentSize: 1000,
            checksum: VirtioNetHeader.Checksum(start: 40, offset: 6)
        )

        let packets = try Self.segments(octets, header)

        #expect(packets.map(\.count) == [1048, 1048, 548])
        #expect(packets.flatMap { $0.dropFirst(48) } == Array(whole.dropFirst(48)))
        for packet in packets {
            let view = try IPv6Packet(packet.span.bytes)
            let datagram = try UDPDatagram(view.payload)
            #expect(datagram.hasValidChecksum(source: source, destination: destination) == true)
            #expect(datagram.payload.byteCount == packet.count - 48)
        }
    }

    @Test func isRefusedWhereverItIsCut() {
        var segment = TCPSegment(options: [1, 1, 1, 1])
        segment.payload = [1, 2, 3]
        let octets = segment.octets(checksum: 0)
        for count in 0..<octets.count {
            #expect(throws: DecodeError.self, "\(count) octets") {
                try Self.segments(Array(octets.prefix(count)), Self.header(of: segment, size: 2))
            }
        }
        #expect(throws: Never.self) { try Self.segments(octets, Self.header(of: segment, size: 2)) }
    }

    // swift-format-ignore
    @Test(arguments: [
        ("a checksum in the IPv6 header",   VirtioNetHeader.Checksum(start: 39, offset: 16)),
        ("a checksum behind the packet",    VirtioNetHeader.Checksum(start: 65535, offset: 16)),
        ("a checksum that isn't TCP's",     VirtioNetHeader.Checksum(start: 40, offset: 6)),
        ("no checksum",                     nil),
    ])
    func isRefusedWith(_ what: String, _ checksum: VirtioNetHeader.Checksum?) {
        let segment = TCPSegment(payload: [1, 2, 3])
        var header = Self.header(of: segment, size: 2)
        header.checksum = checksum

        #expect(throws: DecodeError.self) { try Self.segments(segment.octets, header) }
    }

    @Test func isRefusedWithMoreOctetsThanItSays() {
        let segment = TCPSegment(payload: [1, 2, 3])

        #expect(throws: DecodeError.invalidField(.totalLength)) {
            try Self.segments(segment.octets + [0], Self.header(of: segment, size: 2))
        }
    }

    @Test(arguments: [(1, 3), (2, 2), (3, 1), (4, 1), (65_535, 1)])
    func ofAnySizeIsCutUpIntoAllItsOctets(_ size: Int, _ count: Int) throws {
        let segment = TCPSegment(payload: [1, 2, 3])
        let octets = segment.octets(checksum: segment.pseudoHeaderSum)

        let packets = try Self.segments(octets, Self.header(of: segment, size: size))

        #expect(packets.count == count)
        #expect(packets == Self.expected(segment, size: size))
    }

    @Test func ofAnotherProtocolIsRefused() {
        let datagram = Packet.udp(ipv6("2001:db8::1"), ipv6("2001:db8::2"), size: 200)

        #expect(throws: DecodeError.invalidField(.nextHeader)) {
            try Self.segments(datagram, Self.header(of: TCPSegment(), size: 50))
        }
    }

    @Test func isNeverTrappedOn() {
        var generator = SeededGenerator(seed: 20_261_128)
        for _ in 0..<4000 {
            var octets = TCPSegment(payload: generator.octets(.random(in: 0...80, using: &generator))).octets
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let index = Int.random(in: 0..<octets.count, using: &generator)
                octets[index] = .random(in: .min ... .max, using: &generator)
            }
            octets = Array(octets.prefix(.random(in: 0...octets.count, using: &generator)))
            let header = VirtioNetHeader(
                segmentation: [.tcpOverIPv6, .udp, .none].randomElement(using: &generator, or: .none),
                headerLength: .random(in: .min ... .max, using: &generator),
                segmentSize: .random(in: 0...60, using: &generator),
                checksum: VirtioNetHeader.Checksum(
                    start: [40, 39, 48, .random(in: .min ... .max, using: &generator)]
                        .randomElement(using: &generator, or: 40),
                    offset: [16, 6, .random(in: .min ... .max, using: &generator)]
                        .randomElement(using: &generator, or: 16)
                )
            )
            guard let packets = try? Self.segments(octets, header) else { continue }
            #expect(packets.allSatisfy { $0.count <= octets.count })
        }
    }

    // MARK: - What a link merged

    /// Does what a receiver does with a packet of which the kernel says something.
    private static func received(
        _ octets: [UInt8],
        _ header: VirtioNetHeader
    ) throws(DecodeError) -> [[UInt8]] {
        var (octets, header) = (octets, header)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        let isWhole = !header.prepare(&bytes)
        return isWhole ? [octets] : try Self.segments(octets, header)
    }

    private static func merged(extensions: [UInt8] = []) -> TCPSegment {
        var whole = TCPSegment(options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2])
        whole.flags |= 0x08
        whole.extensions = extensions
        whole.payload = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        return whole
    }

    @Test(arguments: [[], [6, 0, 1, 4, 0, 0, 0, 0]], [1, 700, 1368])
    func thatTheLinkMergedComesOutAsItWasSent(_ extensions: [UInt8], _ size: Int) throws {
        let whole = Self.merged(extensions: extensions)
        var header = Self.header(of: whole, size: size)
        // The kernel counts the outer headers, and payload that lies with them.
        header.headerLength = 1106

        let packets = try Self.received(whole.octets(checksum: whole.pseudoHeaderSum), header)

        #expect(packets == Self.expected(whole, size: size))
    }

    /// The kernel hangs packets together as they are where a link is told to (`rx-gro-list`): the headers are those of the first.
    @Test(arguments: [[], [6, 0, 1, 4, 0, 0, 0, 0]])
    func thatTheLinkHungTogetherComesOutAsItWasSent(_ extensions: [UInt8]) throws {
        var whole = Self.merged(extensions: extensions)
        whole.flags = 0x10
        var first = whole
        first.payload = Array(whole.payload.prefix(1000))
        let field = 40 + extensions.count + 16
        let checksum = first.octets[field..<field + 2].reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        let header = VirtioNetHeader(segmentation: .tcpOverIPv6, segmentSize: 1000)

        let packets = try Self.received(whole.octets(checksum: checksum), header)

        #expect(packets == Self.expected(whole, size: 1000))
    }

    @Test func hasItsHeadersCountedAnew() {
        let whole = Self.merged(extensions: [6, 0, 1, 4, 0, 0, 0, 0])
        var octets = whole.octets(checksum: whole.pseudoHeaderSum)
        var header = Self.header(of: whole, size: 1000)
        header.headerLength = 1106
        var span = octets.mutableSpan
        var bytes = span.mutableBytes

        let isToBeCutUp = header.prepare(&bytes)

        #expect(isToBeCutUp && header.headerLength == 40 + 8 + 32)
    }

    @Test func isCompletedWhereItIsOne() throws {
        let segment = TCPSegment(payload: [1, 2, 3, 4, 5])
        let header = VirtioNetHeader(checksum: VirtioNetHeader.Checksum(start: 40, offset: 16))

        let packets = try Self.received(segment.octets(checksum: segment.pseudoHeaderSum), header)

        #expect(packets == [segment.octets])
    }

    @Test(arguments: [(40, 64), (65, 0), (65535, 65535)])
    func isLeftAloneWhereTheKernelSpeaksOfWhatIsNotThere(_ start: UInt16, _ offset: UInt16) throws {
        let segment = TCPSegment(payload: [1, 2, 3, 4, 5])
        let header = VirtioNetHeader(checksum: VirtioNetHeader.Checksum(start: start, offset: offset))

        #expect(try Self.received(segment.octets, header) == [segment.octets])
    }

    @Test func isGuessedToFitEveryPath() throws {
        let whole = Self.merged()
        let octets = whole.octets(checksum: whole.pseudoHeaderSum)

        let guess = DoubtfulPacket.guess(octets.span.bytes)
        let header = try #require(guess)

        #expect(try Self.received(octets, header) == Self.expected(whole, size: 1280 - 72))
    }

    @Test func leavesRoomForAHeaderInFront() throws {
        let whole = Self.merged()
        let octets = whole.octets(checksum: whole.pseudoHeaderSum)
        let view = try GSOPacket(octets.span.bytes, Self.header(of: whole, size: 1000))
        var slot = [UInt8](repeating: 0xee, count: Self.room)
        var span = slot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start)

        let fits = view.write(1, into: &buffer, behind: 4)

        #expect(fits)
        #expect(buffer.packet.octets == [0xee, 0xee, 0xee, 0xee] + Self.expected(whole, size: 1000)[1])
    }

    // MARK: - Checksums alone

    private static func complete(
        _ octets: [UInt8],
        at place: VirtioNetHeader.Checksum
    ) throws(DecodeError) -> [UInt8] {
        var slot = [UInt8](repeating: 0, count: PacketBuffer.headroom) + octets
        var span = slot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start + octets.count)
        try buffer.completeChecksum(at: place)
        return buffer.packet.octets
    }

    @Test func aChecksumIsCompleted() throws {
        let segment = TCPSegment(payload: [1, 2, 3, 4, 5])

        let packet = try Self.complete(
            segment.octets(checksum: segment.pseudoHeaderSum),
            at: VirtioNetHeader.Checksum(start: 40, offset: 16)
        )

        #expect(packet == segment.octets)
    }

    @Test(arguments: [(40, 64), (65, 0), (65535, 65535), (64, 0)])
    func aChecksumOutsideIsRefused(_ start: UInt16, _ offset: UInt16) {
        let segment = TCPSegment(payload: [1, 2, 3, 4, 5])

        #expect(throws: DecodeError.self) {
            try Self.complete(segment.octets, at: VirtioNetHeader.Checksum(start: start, offset: offset))
        }
    }
}

extension Array {
    func randomElement(using generator: inout SeededGenerator, or fallback: Element) -> Element {
        self.randomElement(using: &generator) ?? fallback
    }
}
