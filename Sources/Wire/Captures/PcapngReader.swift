/// pcapng, what Wireshark, dumpcap and tshark write: sections of blocks (draft-ietf-opsawg-pcapng).
///
/// Each section has its own byte order and its own interfaces, each with its link type and the unit of its times. Blocks and
/// options of other kinds are skipped by their lengths.
struct PcapngReader {
    private enum BlockType {
        static let section: UInt32 = 0x0a0d_0d0a
        static let interface: UInt32 = 1
        static let simplePacket: UInt32 = 3
        static let enhancedPacket: UInt32 = 6
    }

    private enum Option {
        static let end: UInt64 = 0
        static let timeResolution: UInt64 = 9
        static let timeOffset: UInt64 = 14
    }

    /// What an interface description block says.
    private struct Interface {
        var linkType: UInt32
        /// Octets that are kept of a packet; 0 for all.
        var snapLength: UInt32
        var time = TimeScale()
    }

    /// How a 64-bit count becomes seconds since 1970 (§4.2, `if_tsresol`, `if_tsoffset`).
    struct TimeScale: Hashable, Sendable {
        /// Units a second; nil when a second has more of them than can be counted.
        private(set) var unitsPerSecond: UInt64? = 1_000_000

        /// Seconds to add.
        var offset: Int64 = 0

        /// Takes the octet of `if_tsresol`: a negative power of 10, or of 2 where its first bit is set.
        mutating func setResolution(_ octet: UInt8) {
            let exponent = Int(octet & 0x7f)
            if octet & 0x80 != 0 {
                self.unitsPerSecond = exponent < 64 ? UInt64(1) << UInt64(exponent) : nil
            } else {
                let power = (0..<min(exponent, 19)).reduce(UInt64(1)) { power, _ in power * 10 }
                self.unitsPerSecond = exponent < 20 ? power : nil
            }
        }

        /// The time in seconds; the last that can be written where it is later.
        func seconds(_ units: UInt64) -> Int64 {
            let seconds = self.unitsPerSecond.map { Int64(clamping: units / $0) } ?? 0
            let (sum, overflows) = seconds.addingReportingOverflow(self.offset)
            return overflows ? (self.offset < 0 ? .min : .max) : sum
        }
    }

    private static let shortestBlock = 12

    private let file: [UInt8]
    private var order = Capture.ByteOrder.littleEndian
    private var interfaces: [Interface] = []
    private var found: [Capture.Packet] = []
    /// Of the packet before; simple packets have no time of their own.
    private var lastTime: Int64 = 0

    /// Whether a file begins as this format does, whatever its byte order.
    static func recognizes(_ file: [UInt8]) -> Bool { file.starts(with: [0x0a, 0x0d, 0x0d, 0x0a]) }

    init(_ file: [UInt8]) { self.file = file }

    /// Reads the whole file.
    mutating func packets() throws(Capture.Failure) -> [Capture.Packet] {
        var offset = 0
        while offset < self.file.count {
            offset = try self.readBlock(at: offset)
        }
        return self.found
    }

    /// - Returns: Where the next block begins.
    private mutating func readBlock(at offset: Int) throws(Capture.Failure) -> Int {
        guard self.file.count - offset >= Self.shortestBlock else { throw .badBlock(offset) }
        // The type of a section's block is the same in both byte orders, and comes before the order can be known.
        let isSection = self.word(offset) == BlockType.section
        if isSection { try self.beginSection(at: offset) }
        let length = Int(self.word(offset + 4))
        guard length >= Self.shortestBlock, length % 4 == 0, length <= self.file.count - offset,
            Int(self.word(offset + length - 4)) == length
        else { throw .badBlock(offset) }
        let body = offset + 8..<offset + length - 4
        switch self.word(offset) {
        case BlockType.section: break
        case BlockType.interface: try self.readInterface(body, offset)
        case BlockType.simplePacket: try self.readSimplePacket(body, offset)
        case BlockType.enhancedPacket: try self.readEnhancedPacket(body, offset)
        default: break
        }
        return offset + length
    }

    /// Numbers of interfaces begin anew in each section (§4.1).
    private mutating func beginSection(at offset: Int) throws(Capture.Failure) {
        switch Capture.ByteOrder.bigEndian.word(at: offset + 8, in: self.file) {
        case 0x1a2b_3c4d: self.order = .bigEndian
        case 0x4d3c_2b1a: self.order = .littleEndian
        default: throw offset == 0 ? .notACapture : .badBlock(offset)
        }
        self.interfaces = []
    }

    private mutating func readInterface(_ body: Range<Int>, _ block: Int) throws(Capture.Failure) {
        guard body.count >= 8 else { throw .badBlock(block) }
        var interface = Interface(
            linkType: UInt32(self.number(body.lowerBound, octets: 2)),
            snapLength: self.word(body.lowerBound + 4)
        )
        var offset = body.lowerBound + 8
        while body.upperBound - offset >= 4 {
            let code = self.number(offset, octets: 2)
            let length = Int(self.number(offset + 2, octets: 2))
            let value = offset + 4
            guard code != Option.end else { break }
            guard length <= body.upperBound - value else { throw .badBlock(block) }
            switch (code, length) {
            case (Option.timeResolution, 1): interface.time.setResolution(self.file[value])
            case (Option.timeOffset, 8):
                interface.time.offset = Int64(bitPattern: self.number(value, octets: 8))
            default: break
            }
            offset = value + (length + 3) / 4 * 4
        }
        self.interfaces.append(interface)
    }

    private mutating func readEnhancedPacket(_ body: Range<Int>, _ block: Int) throws(Capture.Failure) {
        guard body.count >= 20 else { throw .badBlock(block) }
        let interface = try self.interface(Int(self.word(body.lowerBound)), block)
        // The higher 32 bits come first, in either byte order.
        let units = UInt64(self.word(body.lowerBound + 4)) << 32 | UInt64(self.word(body.lowerBound + 8))
        let captured = self.word(body.lowerBound + 12)
        let start = body.lowerBound + 20
        guard captured <= Capture.maximumLength, Int(captured) <= body.upperBound - start else {
            throw .badBlock(block)
        }
        self.lastTime = interface.time.seconds(units)
        let isWhole = captured >= self.word(body.lowerBound + 16)
        try self.add(self.file[start..<start + Int(captured)], interface, isWhole: isWhole)
    }

    private mutating func readSimplePacket(_ body: Range<Int>, _ block: Int) throws(Capture.Failure) {
        guard body.count >= 4 else { throw .badBlock(block) }
        // All of them are of the first interface (§4.4).
        let interface = try self.interface(0, block)
        let original = self.word(body.lowerBound)
        let start = body.lowerBound + 4
        let most = interface.snapLength == 0 ? original : min(original, interface.snapLength)
        guard most <= Capture.maximumLength, Int(most) <= body.upperBound - start else {
            throw .badBlock(block)
        }
        try self.add(self.file[start..<start + Int(most)], interface, isWhole: most == original)
    }

    private func interface(_ number: Int, _ block: Int) throws(Capture.Failure) -> Interface {
        guard self.interfaces.indices.contains(number) else { throw .unknownInterface(block) }
        return self.interfaces[number]
    }

    private mutating func add(
        _ frame: ArraySlice<UInt8>,
        _ interface: Interface,
        isWhole: Bool
    ) throws(Capture.Failure) {
        guard let link = Capture.Link(rawValue: interface.linkType) else {
            throw .unknownLink(interface.linkType)
        }
        guard let octets = link.payload(of: frame) else { return }
        self.found.append(Capture.Packet(time: self.lastTime, octets: Array(octets), isWhole: isWhole))
    }

    private func word(_ offset: Int) -> UInt32 { self.order.word(at: offset, in: self.file) }

    private func number(_ offset: Int, octets: Int) -> UInt64 {
        self.order.number(at: offset, octets: octets, in: self.file)
    }
}
