/// What a TUN device and its reader tell each other in front of each packet when one packet may stand for several
/// (`struct virtio_net_hdr`, VIRTIO 1.2 §5.1.6, little-endian).
public struct VirtioNetHeader: Hashable, Sendable {
    /// Length of the header, in octets.
    public static let length = 10

    /// What the packet has to be cut up into.
    public enum Segmentation: UInt8, Hashable, Sendable {
        /// Nothing: it is one packet.
        case none = 0
        /// TCP segments over IPv4.
        case tcpOverIPv4 = 1
        /// TCP segments over IPv6.
        case tcpOverIPv6 = 4
        /// UDP datagrams.
        case udp = 5
    }

    /// Where a checksum stands that is not complete.
    public struct Checksum: Hashable, Sendable {
        /// Where the octets begin that it covers, in octets from the packet's start; it covers them to the packet's end.
        public var start: UInt16

        /// Where its field is, in octets from ``start``.
        ///
        /// The field holds the sum of the pseudo-header.
        public var offset: UInt16

        /// Creates a place.
        public init(start: UInt16, offset: UInt16) {
            self.start = start
            self.offset = offset
        }
    }

    private enum Offset {
        static let flags = 0
        static let segmentation = 1
        static let headerLength = 2
        static let segmentSize = 4
        static let checksumStart = 6
        static let checksumOffset = 8
    }

    /// The header of a packet that is as it is on the wire.
    public static var plain: InlineArray<10, UInt8> { InlineArray(repeating: 0) }

    private static let needsChecksum: UInt8 = 1
    /// Beside a segmentation: the first segment has CWR set, the others don't (RFC 3168).
    private static let hasCongestionWindowReduced: UInt8 = 0x80

    /// What the packet has to be cut up into.
    public var segmentation: Segmentation

    /// Length of all headers in front of the payload, in octets; a hint.
    public var headerLength: UInt16

    /// Payload of each segment but the last, in octets; 0 without segmentation.
    public var segmentSize: UInt16

    /// The checksum that is not complete; nil when there is none.
    public var checksum: Checksum?

    /// Creates the header of a packet that is as it is on the wire, or of one to cut up.
    public init(
        segmentation: Segmentation = .none,
        headerLength: UInt16 = 0,
        segmentSize: UInt16 = 0,
        checksum: Checksum? = nil
    ) {
        self.segmentation = segmentation
        self.headerLength = headerLength
        self.segmentSize = segmentSize
        self.checksum = checksum
    }

    /// Reads a header.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)``, or ``DecodeError/invalidField(_:)`` for a segmentation
    ///   that nobody asked for, or one without a size or a checksum.
    public init(_ bytes: RawSpan) throws(DecodeError) {
        try self.init(reading: bytes)
        guard self.segmentation == .none || self.checksum != nil else {
            throw .invalidField(.segmentation)
        }
    }

    /// Reads what the kernel says of a packet that a link handed on (`PACKET_VNET_HDR`).
    ///
    /// Of one that stands for several the checksums may be complete, unlike in what a TUN device hands over: the kernel keeps
    /// those of the packets that it only hung together.
    ///
    /// - Parameters:
    ///   - bytes: The header.
    ///   - origin: Where the packet begins in what the header speaks of, in octets.
    /// - Throws: ``DecodeError`` as ``init(_:)`` does, also for a checksum that lies in front of the packet.
    public init(ofReceived bytes: RawSpan, origin: Int) throws(DecodeError) {
        try self.init(reading: bytes)
        guard let place = self.checksum else { return }
        guard let start = UInt16(exactly: Int(place.start) - origin) else {
            throw .invalidField(.segmentation)
        }
        self.checksum?.start = start
    }

    private init(reading bytes: RawSpan) throws(DecodeError) {
        guard bytes.byteCount >= Self.length else {
            throw .truncated(needed: Self.length, available: bytes.byteCount)
        }
        let kind: UInt8 = bytes.bigEndian(at: Offset.segmentation)
        guard let segmentation = Segmentation(rawValue: kind & ~Self.hasCongestionWindowReduced) else {
            throw .invalidField(.segmentation)
        }
        let flags: UInt8 = bytes.bigEndian(at: Offset.flags)
        self.segmentation = segmentation
        self.headerLength = bytes.littleEndian(at: Offset.headerLength)
        self.segmentSize = bytes.littleEndian(at: Offset.segmentSize)
        if flags & Self.needsChecksum != 0 {
            self.checksum = Checksum(
                start: bytes.littleEndian(at: Offset.checksumStart),
                offset: bytes.littleEndian(at: Offset.checksumOffset)
            )
        }
        guard segmentation == .none || self.segmentSize > 0 else { throw .invalidField(.segmentation) }
    }

    /// Whether a header says that its packet is as it is on the wire.
    ///
    /// - Parameter bytes: The header; traps when it has fewer than 10 octets.
    /// - Returns: Whether ``init(_:)`` would find neither a segmentation nor a checksum.
    public static func isPlain(_ bytes: RawSpan) -> Bool {
        let kind: UInt8 = bytes.bigEndian(at: Offset.segmentation)
        let flags: UInt8 = bytes.bigEndian(at: Offset.flags)
        return flags & Self.needsChecksum == 0
            && kind & ~Self.hasCongestionWindowReduced == Segmentation.none.rawValue
    }

    /// Writes the 10 octets of the header.
    ///
    /// Traps when they don't fit in the buffer.
    public func encode(into buffer: inout MutableRawSpan, at offset: Int) {
        let flags = self.checksum == nil ? 0 : Self.needsChecksum
        buffer.storeBigEndian(flags, at: offset + Offset.flags)
        buffer.storeBigEndian(self.segmentation.rawValue, at: offset + Offset.segmentation)
        buffer.storeBigEndian(self.headerLength.byteSwapped, at: offset + Offset.headerLength)
        buffer.storeBigEndian(self.segmentSize.byteSwapped, at: offset + Offset.segmentSize)
        let start = self.checksum?.start ?? 0
        buffer.storeBigEndian(start.byteSwapped, at: offset + Offset.checksumStart)
        let field = self.checksum?.offset ?? 0
        buffer.storeBigEndian(field.byteSwapped, at: offset + Offset.checksumOffset)
    }
}

extension RawSpan {
    fileprivate func littleEndian(at offset: Int) -> UInt16 {
        self.bigEndian(at: offset, as: UInt16.self).byteSwapped
    }
}
