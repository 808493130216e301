/// A read-only view of a GRE packet of version 0 with IPv6 inside (RFC 2784, RFC 2890, RFC 7676).
///
/// A checksum is verified; a key and a sequence number are stepped over.
public struct GREPacket: ~Escapable {
    /// Length of the header that we write: no options, in octets.
    public static let headerLength = 4

    /// EtherType of IPv6 (RFC 7676 §3).
    static let ipv6ProtocolType: UInt16 = 0x86dd

    private enum Flag {
        static let checksum: UInt16 = 0x8000
        static let key: UInt16 = 0x2000
        static let sequenceNumber: UInt16 = 0x1000
        /// Bits 1, 4 and 5: RFC 2784 §2.3 demands to discard on bits 1 to 5, of which RFC 2890 §2 took back 2 and 3.
        static let reserved: UInt16 = 0x4c00
        static let version: UInt16 = 0x0007
    }

    private let bytes: RawSpan

    /// Length of the header with its options, in octets: 4, 8, 12 or 16.
    public let headerLength: Int

    /// Checks version, flags, protocol type, lengths and checksum.
    ///
    /// - Throws: ``DecodeError`` with the first thing that is wrong.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        self.headerLength = try Self.headerLength(of: bytes)
        if bytes.bigEndian(at: 0, as: UInt16.self) & Flag.checksum != 0 {
            var checksum = InternetChecksum()
            checksum.add(bytes)
            guard checksum.value == 0 else { throw .wrongChecksum }
        }
        self.bytes = bytes
    }

    /// Checks the same but for the checksum, which a packet has no more that the receiving link put together.
    ///
    /// - Returns: Length of the header with its options, in octets.
    /// - Throws: ``DecodeError`` with the first thing that is wrong.
    public static func headerLength(of bytes: RawSpan) throws(DecodeError) -> Int {
        guard bytes.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: bytes.byteCount)
        }
        let flags: UInt16 = bytes.bigEndian(at: 0)
        guard flags & Flag.version == 0 else {
            throw .unsupportedVersion(UInt8(truncatingIfNeeded: flags & Flag.version))
        }
        guard flags & Flag.reserved == 0 else { throw .invalidField(.reservedFlags) }
        let options = [Flag.checksum, Flag.key, Flag.sequenceNumber] as InlineArray<3, UInt16>
        var length = Self.headerLength
        for index in options.indices where flags & options[index] != 0 { length += 4 }
        guard bytes.byteCount >= length else { throw .truncated(needed: length, available: bytes.byteCount) }
        guard bytes.bigEndian(at: 2, as: UInt16.self) == Self.ipv6ProtocolType else {
            throw .invalidField(.protocolType)
        }
        return length
    }

    /// Everything after the header and its options.
    public var payload: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: self.headerLength) }
    }

    /// Writes the 4 octets of a header without options, IPv6 inside.
    ///
    /// Traps when they don't fit in the buffer.
    public static func encodeHeader(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.storeBigEndian(UInt32(Self.ipv6ProtocolType), at: offset)
    }
}
