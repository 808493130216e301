internal import Wire

/// A TCP segment over IPv6 that carries data and nothing out of the ordinary: one that can be part of a super-packet.
struct TCPData {
    /// Flags that segments of a super-packet may have: those that all have alike, and PSH on the last.
    private static let ordinaryFlags = TCPHeader.Flag.ack | TCPHeader.Flag.psh | TCPHeader.Flag.ece
    private static let headersWithoutOptions = IPv6Packet.headerLength + TCPHeader.minimumLength

    /// Length of both headers, in octets.
    let headerLength: Int
    let payloadLength: Int
    let sequence: UInt32
    let isPushed: Bool
    let template: TCPTemplate

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
        self.template = TCPTemplate(packet, headerLength: self.headerLength)
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

/// What all segments of a super-packet have in common: both headers, without what may differ.
struct TCPTemplate {
    /// IPv6's 40 octets and TCP's 20 to 60, in words of 8.
    private static let wordCount = 13

    /// The headers, big-endian; length, sequence number, PSH and checksum are 0, and so is what is behind the options.
    private var words = InlineArray<13, UInt64>(repeating: 0)

    init() {}

    init(_ packet: RawSpan, headerLength: Int) {
        for index in 0..<headerLength / 8 { self.words[index] = packet.bigEndian(at: 8 * index) }
        if headerLength % 8 == 4 {
            self.words[headerLength / 8] =
                UInt64(packet.bigEndian(at: headerLength - 4, as: UInt32.self)) << 32
        }
        self.words[0] &= ~0xffff_0000
        self.words[5] &= 0xffff_ffff_0000_0000
        self.words[6] &= ~(UInt64(TCPHeader.Flag.psh) << 16)
        self.words[7] &= 0x0000_ffff_ffff_ffff
    }

    /// Compares addresses and ports.
    func isSameConnection(as other: borrowing TCPTemplate) -> Bool {
        for index in 1...5 where self.words[index] != other.words[index] { return false }
        return true
    }

    /// Compares the addresses with those of an IPv6 packet of 40 octets or more.
    func hasSameAddresses(as packet: RawSpan) -> Bool {
        (1...4).allSatisfy { self.words[$0] == packet.bigEndian(at: 8 * $0, as: UInt64.self) }
    }

    static func == (lhs: borrowing TCPTemplate, rhs: borrowing TCPTemplate) -> Bool {
        for index in 0..<Self.wordCount where lhs.words[index] != rhs.words[index] { return false }
        return true
    }
}
