/// A read-only view of an ICMPv6 message (RFC 4443 §2.1).
public struct ICMPv6Message: ~Escapable {
    /// Length of type, code, checksum and the four octets that follow them.
    public static let headerLength = 8

    /// Message types that this program knows.
    public enum MessageType {
        /// RFC 4443 §3.1.
        public static let destinationUnreachable: UInt8 = 1
        /// RFC 4443 §3.2.
        public static let packetTooBig: UInt8 = 2
        /// RFC 4443 §3.3.
        public static let timeExceeded: UInt8 = 3
        /// RFC 4443 §3.4.
        public static let parameterProblem: UInt8 = 4
        /// RFC 4443 §4.1.
        public static let echoRequest: UInt8 = 128
        /// RFC 4443 §4.2.
        public static let echoReply: UInt8 = 129
        /// RFC 4861 §4.3.
        public static let neighbourSolicitation: UInt8 = 135
        /// RFC 4861 §4.4.
        public static let neighbourAdvertisement: UInt8 = 136
        /// RFC 4861 §4.5.
        public static let redirect: UInt8 = 137
    }

    private let bytes: RawSpan

    /// Checks length and checksum.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` or ``DecodeError/wrongChecksum``.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, source: IPv6Address, destination: IPv6Address) throws(DecodeError) {
        guard bytes.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: bytes.byteCount)
        }
        guard Self.checksum(of: bytes, source: source, destination: destination) == 0 else {
            throw .wrongChecksum
        }
        self.bytes = bytes
    }

    static func checksum(of bytes: RawSpan, source: IPv6Address, destination: IPv6Address) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(
            source: source,
            destination: destination,
            upperLayerLength: bytes.byteCount,
            nextHeader: ProtocolNumber.icmpv6
        )
        checksum.add(bytes)
        return checksum.value
    }

    /// The type field.
    public var type: UInt8 { self.bytes.bigEndian(at: 0) }

    /// The code field.
    public var code: UInt8 { self.bytes.bigEndian(at: 1) }

    /// The four octets after the checksum: an MTU, a pointer, or identifier and sequence number.
    public var parameter: UInt32 { self.bytes.bigEndian(at: 4) }

    /// Whether the message is an error, of a type under 128 (RFC 4443 §2.1).
    public var isError: Bool { self.type < 128 }

    /// What follows the first 8 octets.
    public var body: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: Self.headerLength) }
    }

    /// The address that a neighbour solicitation asks about; nil when the message is too short for one or has an
    /// option of length 0 or beyond its end, for which it is to be discarded (RFC 4861 §7.1.1).
    public var solicitedTarget: IPv6Address? {
        var offset = 16
        guard self.body.byteCount >= offset else { return nil }
        while offset < self.body.byteCount {
            guard offset + 2 <= self.body.byteCount else { return nil }
            let length = 8 * Int(self.body.bigEndian(at: offset + 1, as: UInt8.self))
            guard length > 0, offset + length <= self.body.byteCount else { return nil }
            offset += length
        }
        return self.body.ipv6Address(at: 0)
    }

    /// Writes type, code, checksum and parameter of a message whose body is already in place.
    ///
    /// - Parameters:
    ///   - buffer: Holds the body from `offset + 8` on. Traps when the message doesn't fit.
    ///   - offset: Where the message begins, in octets.
    ///   - type: The message's type.
    ///   - code: The message's code.
    ///   - parameter: The four octets after the checksum.
    ///   - bodyLength: In octets.
    ///   - addresses: Source and destination, for the pseudo-header.
    public static func encodeHeader(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        type: UInt8,
        code: UInt8,
        parameter: UInt32,
        bodyLength: Int,
        addresses: (source: IPv6Address, destination: IPv6Address)
    ) {
        buffer.storeBigEndian(UInt16(type) << 8 | UInt16(code), at: offset)
        buffer.storeBigEndian(UInt16(0), at: offset + 2)
        buffer.storeBigEndian(parameter, at: offset + 4)
        let checksum = Self.checksum(
            of: buffer.bytes.extracting(offset..<offset + Self.headerLength + bodyLength),
            source: addresses.source,
            destination: addresses.destination
        )
        buffer.storeBigEndian(checksum, at: offset + 2)
    }
}

extension IPv6Packet {
    /// Whether the packet is an ICMPv6 error or redirect, about which no error may be sent.
    ///
    /// RFC 4443 §2.4(e.1), (e.2). A message is recognised behind routing headers with segments left and in
    /// first fragments too. A later fragment of what may be an ICMPv6 message counts as one, since its type
    /// cannot be seen.
    public var mayBeICMPv6ErrorOrRedirect: Bool {
        switch self.walk(as: .observer) {
        case .upperLayer(ProtocolNumber.icmpv6, let offset):
            guard offset < self.totalLength else { return true }
            let type: UInt8 = self.octets.bigEndian(at: offset)
            return type < 128 || type == ICMPv6Message.MessageType.redirect
        case .fragment(let nextHeader, _, _):
            return nextHeader == ProtocolNumber.icmpv6 || ProtocolNumber.isExtensionHeader(nextHeader)
        default:
            return false
        }
    }
}
