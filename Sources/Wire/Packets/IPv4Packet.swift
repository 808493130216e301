/// A read-only view of an IPv4 packet inside a receive buffer (RFC 791 §3.1).
///
/// ``init(_:)`` checks every length once; after it succeeds no accessor can trap.
public struct IPv4Packet: ~Escapable {
    /// Length of the header without options, in octets.
    public static let minimumHeaderLength = 20

    @usableFromInline let bytes: RawSpan

    /// Length of the header with its options, in octets: 20 through 60.
    public let headerLength: Int

    /// Checks header and total length against the buffer; octets after the total length are padding.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` when the buffer is shorter than what the
    ///   header declares, ``DecodeError/unsupportedVersion(_:)`` when the version nibble is not 4, and
    ///   ``DecodeError/invalidField(_:)`` for a header length under 20 or over the total length.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        self = try Self(bytes, declaredLength: .mustFit)
    }

    /// Checks the header of a packet of which an ICMP error quotes only the beginning.
    ///
    /// - Throws: What ``init(_:)`` throws, but not for a payload that is cut short.
    @_lifetime(copy bytes)
    public init(quoted bytes: RawSpan) throws(DecodeError) {
        self = try Self(bytes, declaredLength: .mayBeCut)
    }

    @usableFromInline
    enum DeclaredLength {
        case mustFit
        case mayBeCut
    }

    @inlinable
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, declaredLength: DeclaredLength) throws(DecodeError) {
        guard bytes.byteCount >= 1 else { throw .truncated(needed: 1, available: 0) }
        let first = bytes.bigEndian(at: 0, as: UInt8.self)
        guard first >> 4 == 4 else { throw .unsupportedVersion(first >> 4) }
        guard bytes.byteCount >= Self.minimumHeaderLength else {
            throw .truncated(needed: Self.minimumHeaderLength, available: bytes.byteCount)
        }
        let headerLength = Int(first & 0xf) * 4
        guard headerLength >= Self.minimumHeaderLength else { throw .invalidField(.headerLength) }
        let total = Int(bytes.bigEndian(at: IPv4Header.Offset.totalLength, as: UInt16.self))
        guard total >= headerLength else { throw .invalidField(.totalLength) }
        let needed = declaredLength == .mustFit ? total : headerLength
        guard needed <= bytes.byteCount else { throw .truncated(needed: needed, available: bytes.byteCount) }
        self.headerLength = headerLength
        self.bytes = bytes.extracting(first: min(total, bytes.byteCount))
    }

    /// Header and payload together, in octets, as the header declares it.
    @inlinable public var totalLength: Int {
        Int(self.bytes.bigEndian(at: IPv4Header.Offset.totalLength, as: UInt16.self))
    }

    /// DSCP and ECN, as they stand on the wire (RFC 2474, RFC 3168).
    @inlinable public var trafficClass: UInt8 { self.bytes.bigEndian(at: 1) }

    /// The identification of the packet's fragments (RFC 6864).
    public var identification: UInt16 { self.bytes.bigEndian(at: IPv4Header.Offset.identification) }

    /// Whether routers must not fragment the packet.
    public var dontFragment: Bool {
        self.bytes.bigEndian(at: IPv4Header.Offset.fragment, as: UInt16.self) & IPv4Header.dontFragmentFlag
            != 0
    }

    /// Whether this is one fragment of a larger packet.
    public var isFragment: Bool {
        self.bytes.bigEndian(at: IPv4Header.Offset.fragment, as: UInt16.self) & 0x3fff != 0
    }

    /// Hops the packet may still take.
    public var timeToLive: UInt8 { self.bytes.bigEndian(at: IPv4Header.Offset.timeToLive) }

    /// Protocol of the payload.
    @inlinable public var protocolNumber: UInt8 { self.bytes.bigEndian(at: IPv4Header.Offset.protocolNumber) }

    /// Address of the originator.
    @inlinable public var source: IPv4Address { self.bytes.ipv4Address(at: IPv4Header.Offset.source) }

    /// Address of the intended recipient.
    @inlinable public var destination: IPv4Address {
        self.bytes.ipv4Address(at: IPv4Header.Offset.destination)
    }

    /// Whether the header checksum is right.
    public var hasValidChecksum: Bool {
        var checksum = InternetChecksum()
        checksum.add(self.bytes.extracting(first: self.headerLength))
        return checksum.value == 0
    }

    /// Everything after the header and its options.
    public var payload: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: self.headerLength) }
    }
}

/// An IPv4 header without options to write (RFC 791 §3.1).
public struct IPv4Header: Hashable, Sendable {
    /// Where the fields stand, in octets from the start of the header.
    public enum Offset {
        /// Two octets.
        public static let totalLength = 2
        /// Two octets.
        public static let identification = 4
        /// Two octets: flags and fragment offset.
        public static let fragment = 6
        /// One octet.
        public static let timeToLive = 8
        /// One octet.
        public static let protocolNumber = 9
        /// Two octets.
        public static let checksum = 10
        /// Four octets.
        public static let source = 12
        /// Four octets.
        public static let destination = 16
    }

    @usableFromInline static let dontFragmentFlag: UInt16 = 0x4000
    @usableFromInline static let moreFragmentsFlag: UInt16 = 0x2000

    /// Whether routers on the way may fragment the packet.
    public enum Fragmentation: Hashable, Sendable {
        /// Sets DF; the identification is 0, which such a packet does not need (RFC 6864 §4.1).
        case forbidden
        /// Sets DF; the identification may be anything (RFC 6864 §4.1), and shows in an ICMP error who saw the packet.
        case atomic(identification: UInt16)
        /// Leaves DF clear; the identification must not repeat while fragments may be under way.
        case allowed(identification: UInt16)
        /// Is one fragment itself; the offset is in octets, a multiple of 8.
        case fragment(identification: UInt16, offset: Int, isLast: Bool)

        /// Identification, flags and fragment offset as they stand in the header.
        @usableFromInline
        var word: UInt32 {
            switch self {
            case .forbidden: return UInt32(IPv4Header.dontFragmentFlag)
            case .atomic(let identification):
                return UInt32(identification) << 16 | UInt32(IPv4Header.dontFragmentFlag)
            case .allowed(let identification): return UInt32(identification) << 16
            case .fragment(let identification, let offset, let isLast):
                let field = UInt16(truncatingIfNeeded: offset / 8) & 0x1fff
                return UInt32(identification) << 16
                    | UInt32(field | (isLast ? 0 : IPv4Header.moreFragmentsFlag))
            }
        }
    }

    /// DSCP and ECN.
    public var trafficClass: UInt8

    /// Header and payload, in octets.
    public var totalLength: UInt16

    /// Whether the packet may be fragmented, and under which identification.
    public var fragmentation: Fragmentation

    /// Hops the packet may take.
    public var timeToLive: UInt8

    /// Protocol of the payload.
    public var protocolNumber: UInt8

    /// Address of the originator.
    public var source: IPv4Address

    /// Address of the intended recipient.
    public var destination: IPv4Address

    /// Creates a header.
    public init(
        trafficClass: UInt8 = 0,
        totalLength: UInt16,
        fragmentation: Fragmentation = .forbidden,
        timeToLive: UInt8,
        protocolNumber: UInt8,
        source: IPv4Address,
        destination: IPv4Address
    ) {
        self.trafficClass = trafficClass
        self.totalLength = totalLength
        self.fragmentation = fragmentation
        self.timeToLive = timeToLive
        self.protocolNumber = protocolNumber
        self.source = source
        self.destination = destination
    }

    /// Writes the 20 octets of the header with its checksum.
    ///
    /// Traps when they don't fit in the buffer.
    @inlinable
    public func encode(into buffer: inout MutableRawSpan, at offset: Int) {
        let first = 0x45 << 24 | UInt32(self.trafficClass) << 16 | UInt32(self.totalLength)
        let second = self.fragmentation.word
        let third = UInt32(self.timeToLive) << 24 | UInt32(self.protocolNumber) << 16
        var checksum = InternetChecksum()
        checksum.add(first)
        checksum.add(second)
        checksum.add(third)
        checksum.add(self.source.value)
        checksum.add(self.destination.value)
        buffer.storeBigEndian(first, at: offset)
        buffer.storeBigEndian(second, at: offset + Offset.identification)
        buffer.storeBigEndian(third | UInt32(checksum.value), at: offset + Offset.timeToLive)
        buffer.store(self.source, at: offset + Offset.source)
        buffer.store(self.destination, at: offset + Offset.destination)
    }
}
