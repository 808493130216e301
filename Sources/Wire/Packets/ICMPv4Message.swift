/// A read-only view of an ICMP message for IPv4 (RFC 792).
public struct ICMPv4Message: ~Escapable {
    /// Length of the header, in octets.
    public static let headerLength = 8

    /// What kind of message it is.
    public enum Kind: Hashable, Sendable {
        /// Echo request (type 8).
        case echoRequest
        /// Echo reply (type 0).
        case echoReply
        /// Destination unreachable, fragmentation needed (3/4); the next hop's MTU in octets, 0 from old routers.
        case fragmentationNeeded(mtu: Int)
        /// Any other error that quotes a packet of ours: types 3, 4, 11 and 12.
        case otherError
        /// Anything else.
        case other
    }

    private let bytes: RawSpan

    /// Checks length and checksum.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` or ``DecodeError/wrongChecksum``.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        guard bytes.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: bytes.byteCount)
        }
        var checksum = InternetChecksum()
        checksum.add(bytes)
        guard checksum.value == 0 else { throw .wrongChecksum }
        self.bytes = bytes
    }

    /// The type field.
    public var type: UInt8 { self.bytes.bigEndian(at: 0) }

    /// The code field.
    public var code: UInt8 { self.bytes.bigEndian(at: 1) }

    /// What kind of message it is.
    public var kind: Kind {
        switch (self.type, self.code) {
        case (8, _): .echoRequest
        case (0, _): .echoReply
        case (3, 4): .fragmentationNeeded(mtu: Int(self.bytes.bigEndian(at: 6, as: UInt16.self)))
        case (3, _), (4, _), (11, _), (12, _): .otherError
        default: .other
        }
    }

    /// What follows the header: in an error, the beginning of the packet that it is about.
    public var body: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: Self.headerLength) }
    }

    /// Writes the 8 octets of a header in front of a body that is already in place, checksum included.
    ///
    /// - Parameters:
    ///   - buffer: Holds the body from `offset + 8` on. Traps when the message doesn't fit.
    ///   - offset: Where the message begins, in octets.
    ///   - type: The message's type.
    ///   - code: The message's code.
    ///   - parameter: The four octets after the checksum.
    ///   - bodyLength: In octets.
    public static func encodeHeader(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        type: UInt8,
        code: UInt8,
        parameter: UInt32 = 0,
        bodyLength: Int
    ) {
        buffer.storeBigEndian(UInt16(type) << 8 | UInt16(code), at: offset)
        buffer.storeBigEndian(UInt16(0), at: offset + 2)
        buffer.storeBigEndian(parameter, at: offset + 4)
        var checksum = InternetChecksum()
        checksum.add(buffer.bytes.extracting(offset..<offset + Self.headerLength + bodyLength))
        buffer.storeBigEndian(checksum.value, at: offset + 2)
    }
}
