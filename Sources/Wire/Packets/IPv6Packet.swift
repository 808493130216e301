/// A read-only view of an IPv6 packet inside a receive buffer.
///
/// ``init(_:)`` checks every length once; after it succeeds no accessor can trap. The view is
/// `~Escapable`, so it cannot outlive the buffer it reads. The layout is RFC 8200 §3.
public struct IPv6Packet: ~Escapable {
    /// Length of the fixed header, in octets.
    public static let headerLength = 40

    /// The smallest MTU that every IPv6 link has, in octets (RFC 8200 §5).
    public static let minimumMTU = 1280

    @usableFromInline let bytes: RawSpan

    /// Checks the fixed header and the payload length against the buffer.
    ///
    /// Octets after the declared payload are link padding and are left out of the view.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` when the buffer is shorter than the
    ///   header or than the length the header declares, and
    ///   ``DecodeError/unsupportedVersion(_:)`` when the version nibble is not 6.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        let total = try Self.totalLength(of: bytes, available: bytes.byteCount)
        self.bytes = bytes.extracting(first: total)
    }

    /// Checks the fixed header of a packet of which only the beginning may be at hand.
    ///
    /// - Parameters:
    ///   - beginning: The packet's first octets, or all.
    ///   - available: How many there are in all.
    /// - Returns: How many the header declares, itself included.
    /// - Throws: ``DecodeError`` as ``init(_:)`` does.
    @inlinable
    public static func totalLength(of beginning: RawSpan, available: Int) throws(DecodeError) -> Int {
        guard beginning.byteCount >= 1 else { throw .truncated(needed: 1, available: 0) }
        let version = beginning.bigEndian(at: 0, as: UInt8.self) >> 4
        guard version == 6 else { throw .unsupportedVersion(version) }
        guard beginning.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: beginning.byteCount)
        }
        let length = Int(beginning.bigEndian(at: IPv6Header.Offset.payloadLength, as: UInt16.self))
        let total = Self.headerLength + length
        guard total <= available else { throw .truncated(needed: total, available: available) }
        return total
    }

    /// Header and payload together, in octets.
    @inlinable public var totalLength: Int { self.bytes.byteCount }

    /// DSCP and ECN, as they stand on the wire (RFC 2474, RFC 3168).
    @inlinable public var trafficClass: UInt8 {
        UInt8(truncatingIfNeeded: self.bytes.bigEndian(at: 0, as: UInt16.self) >> 4)
    }

    /// The 20-bit flow label (RFC 6437).
    @inlinable public var flowLabel: UInt32 { self.bytes.bigEndian(at: 0, as: UInt32.self) & 0xf_ffff }

    /// Type of the header that follows the fixed one.
    @inlinable public var nextHeader: UInt8 { self.bytes.bigEndian(at: IPv6Header.Offset.nextHeader) }

    /// Hops the packet may still take.
    @inlinable public var hopLimit: UInt8 { self.bytes.bigEndian(at: IPv6Header.Offset.hopLimit) }

    /// Address of the originator.
    @inlinable public var source: IPv6Address { self.bytes.ipv6Address(at: IPv6Header.Offset.source) }

    /// Address of the intended recipient.
    @inlinable public var destination: IPv6Address {
        self.bytes.ipv6Address(at: IPv6Header.Offset.destination)
    }

    /// The whole packet, header included.
    public var octets: RawSpan {
        @inlinable @_lifetime(copy self) get { self.bytes }
    }

    /// Everything after the fixed header, extension headers included.
    public var payload: RawSpan {
        @inlinable @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: Self.headerLength) }
    }
}

/// The fixed header of an IPv6 packet to write (RFC 8200 §3).
public struct IPv6Header: Hashable, Sendable {
    /// Where the fields stand, in octets from the start of the header.
    public enum Offset {
        /// Two octets.
        public static let payloadLength = 4
        /// One octet.
        public static let nextHeader = 6
        /// One octet.
        public static let hopLimit = 7
        /// Sixteen octets.
        public static let source = 8
        /// Sixteen octets.
        public static let destination = 24
    }

    /// DSCP and ECN.
    public var trafficClass: UInt8

    /// What routers may tell flows apart by, 20 bits (RFC 6437).
    public var flowLabel: UInt32

    /// Length of what follows the header, in octets.
    public var payloadLength: UInt16

    /// Type of what follows the header.
    public var nextHeader: UInt8

    /// Hops the packet may take.
    public var hopLimit: UInt8

    /// Address of the originator.
    public var source: IPv6Address

    /// Address of the intended recipient.
    public var destination: IPv6Address

    /// Creates a header, by default with flow label 0.
    public init(
        trafficClass: UInt8 = 0,
        flowLabel: UInt32 = 0,
        payloadLength: UInt16,
        nextHeader: UInt8,
        hopLimit: UInt8,
        source: IPv6Address,
        destination: IPv6Address
    ) {
        self.trafficClass = trafficClass
        self.flowLabel = flowLabel
        self.payloadLength = payloadLength
        self.nextHeader = nextHeader
        self.hopLimit = hopLimit
        self.source = source
        self.destination = destination
    }

    /// Writes the 40 octets of the header.
    ///
    /// Traps when they don't fit in the buffer.
    public func encode(into buffer: inout MutableRawSpan, at offset: Int) {
        let first = 6 << 28 | UInt32(self.trafficClass) << 20 | self.flowLabel & 0xf_ffff
        buffer.storeBigEndian(first, at: offset)
        buffer.storeBigEndian(self.payloadLength, at: offset + Offset.payloadLength)
        buffer.storeBigEndian(self.nextHeader, at: offset + Offset.nextHeader)
        buffer.storeBigEndian(self.hopLimit, at: offset + Offset.hopLimit)
        buffer.store(self.source, at: offset + Offset.source)
        buffer.store(self.destination, at: offset + Offset.destination)
    }
}
