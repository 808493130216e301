internal import Wire

/// A TCP segment over IPv6 that carries data and nothing out of the ordinary: one that can be part of a GSO packet.
struct TCPData {
    /// Flags that segments of a GSO packet may have: those that all have alike, and PSH on the last.
    private static let ordinaryFlags = TCPHeader.Flag.ack | TCPHeader.Flag.psh | TCPHeader.Flag.ece
    private static let headersWithoutOptions = IPv6Packet.headerLength + TCPHeader.minimumLength

    /// Length of both headers, in octets.
    let headerLength: Int
    let payloadLength: Int
    let sequence: UInt32
    let isPushed: Bool

    /// Looks at a packet; nil when it is anything else, or its checksum is not the one that would be computed for it.
    init?(_ packet: RawSpan) {
        guard packet.byteCount > Self.headersWithoutOptions,
            packet.bigEndian(at: 0, as: UInt8.self) >> 4 == 6,
            packet.bigEndian(at: IPv6Header.Offset.nextHeader, as: UInt8.self) == ProtocolNumber.tcp
        else { return nil }
        let length: UInt16 = packet.bigEndian(at: IPv6Header.Offset.payloadLength)
        guard IPv6Packet.headerLength + Int(length) == packet.byteCount else { return nil }
        let tcp = IPv6Packet.headerLength
        // The low nibble are reserved bits, whose meaning the kernel may not know.
        let dataOffset: UInt8 = packet.bigEndian(at: tcp + TCPHeader.Offset.dataOffset)
        self.headerLength = tcp + Int(dataOffset >> 4) * 4
        self.payloadLength = packet.byteCount - self.headerLength
        guard dataOffset & 0xf == 0, self.headerLength >= Self.headersWithoutOptions, self.payloadLength > 0
        else {
            return nil
        }
        let flags: UInt8 = packet.bigEndian(at: tcp + TCPHeader.Offset.flags)
        guard flags & ~Self.ordinaryFlags == 0, flags & TCPHeader.Flag.ack != 0,
            Self.hasUsualChecksum(packet)
        else { return nil }
        self.sequence = packet.bigEndian(at: tcp + TCPHeader.Offset.sequenceNumber)
        self.isPushed = flags & TCPHeader.Flag.psh != 0
    }

    /// Whether the checksum is right, and written as the kernel writes it: of the two zeros, 0 and not all ones.
    private static func hasUsualChecksum(_ packet: RawSpan) -> Bool {
        let tcp = IPv6Packet.headerLength
        let field: UInt16 = packet.bigEndian(at: tcp + TCPHeader.Offset.checksum)
        guard field != .max else { return false }
        var sum = InternetChecksum()
        sum.add(packet.extracting(IPv6Header.Offset.source..<packet.byteCount))
        sum.add(UInt32(truncatingIfNeeded: packet.byteCount - tcp))
        sum.add(UInt32(ProtocolNumber.tcp))
        return sum.value == 0
    }
}

/// What all segments of a GSO packet have in common: both headers, without what may differ.
struct TCPTemplate {
    private static let words = 7
    private static let urgentPointer = IPv6Packet.headerLength + TCPHeader.Offset.checksum
    private static let options = IPv6Packet.headerLength + TCPHeader.minimumLength

    private let headerLength: Int
    /// Everything in front of the checksum, in words of 8 octets.
    private var front = InlineArray<7, UInt64>(repeating: 0)
    private let urgent: UInt32
    private var options = InlineArray<10, UInt32>(repeating: 0)

    /// Reads the headers of a segment that ``TCPData`` was found to be.
    init(_ packet: RawSpan, headerLength: Int) {
        self.headerLength = headerLength
        for index in 0..<Self.words { self.front[index] = Self.word(index, of: packet) }
        self.urgent = Self.urgent(of: packet)
        for (index, offset) in stride(from: Self.options, to: headerLength, by: 4).enumerated() {
            self.options[index] = packet.bigEndian(at: offset)
        }
    }

    /// A word of the headers, without length, sequence number and PSH.
    @inline(__always)
    private static func word(_ index: Int, of packet: RawSpan) -> UInt64 {
        let word: UInt64 = packet.bigEndian(at: 8 &* index)
        return switch index {
        case 0: word & ~0xffff_0000
        case 5: word & 0xffff_ffff_0000_0000
        case 6: word & ~(UInt64(TCPHeader.Flag.psh) << 16)
        default: word
        }
    }

    /// The urgent pointer, without the checksum in front of it.
    @inline(__always)
    private static func urgent(of packet: RawSpan) -> UInt32 {
        packet.bigEndian(at: Self.urgentPointer, as: UInt32.self) & 0xffff
    }

    /// Compares addresses and ports with those of another segment.
    @inline(__always)
    func isSameConnection(as packet: RawSpan) -> Bool {
        var difference: UInt64 = 0
        for index in 1...5 { difference |= self.front[index] ^ Self.word(index, of: packet) }
        return difference == 0
    }

    /// Compares both headers with those of another segment of the same connection.
    @inline(__always)
    func matches(_ packet: RawSpan, headerLength: Int) -> Bool {
        guard headerLength == self.headerLength, self.front[0] == Self.word(0, of: packet),
            self.front[6] == Self.word(6, of: packet), self.urgent == Self.urgent(of: packet)
        else { return false }
        var offset = Self.options
        while offset < headerLength {
            guard self.options[(offset &- Self.options) / 4] == packet.bigEndian(at: offset) else {
                return false
            }
            offset &+= 4
        }
        return true
    }

    /// Compares the addresses with those of an IPv6 packet of 40 octets or more.
    func hasSameAddresses(as packet: RawSpan) -> Bool {
        (1...4).allSatisfy { self.front[$0] == packet.bigEndian(at: 8 * $0, as: UInt64.self) }
    }
}
