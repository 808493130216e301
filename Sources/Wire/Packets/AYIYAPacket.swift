/// What the receiver of an AYIYA datagram is asked to do (draft-massar-v6ops-ayiya-02 §3).
public enum AYIYAOpcode: UInt8, Hashable, Sendable {
    /// Nothing: a beat that shows that the sender is alive.
    case noOperation = 0
    /// Forward the payload.
    case forward = 1
    /// Send the payload back in an ``echoResponse``.
    case echoRequest = 2
    /// Send the payload back and forward it.
    case echoRequestAndForward = 3
    /// The answer to an echo request.
    case echoResponse = 4
}

/// A read-only view of an AYIYA datagram with an IPv6 identity and a SHA-1 signature of a shared secret.
///
/// Other identities, hashes and authentication methods of draft-massar-v6ops-ayiya-02 are refused.
/// ``init(_:)`` checks the format only: whether the signature is right, ``hasSignature(by:)`` tells.
public struct AYIYAPacket: ~Escapable {
    /// Length of everything before the payload, in octets.
    public static let headerLength = 44

    /// UDP port of the server side.
    public static let port: UInt16 = 5072

    /// Where the 16 bits of the identity lie in a datagram that tell the tunnels of a PoP apart, in octets.
    public static let tunnelOffset = Offset.identity + 6

    enum Offset {
        static let opcode = 2
        static let nextHeader = 3
        static let epochTime = 4
        static let identity = 8
        static let signature = 24
    }

    /// Identity of 2^4 octets, of type integer.
    static let identityFormat: UInt8 = 0x41
    /// Signature of 5 words, SHA-1.
    static let signatureFormat: UInt8 = 0x52
    /// Shared secret, in the high nibble of the opcode's octet.
    static let sharedSecret: UInt8 = 0x1

    private let bytes: RawSpan

    /// What is asked of the receiver.
    public let opcode: AYIYAOpcode

    /// Checks the length and the fixed fields.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` or ``DecodeError/invalidField(_:)`` with the
    ///   first field that is not what this program speaks.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        guard bytes.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: bytes.byteCount)
        }
        let identity: UInt8 = bytes.bigEndian(at: 0)
        guard identity >> 4 == Self.identityFormat >> 4 else { throw .invalidField(.identityLength) }
        guard identity & 0xf == Self.identityFormat & 0xf else { throw .invalidField(.identityType) }
        let signature: UInt8 = bytes.bigEndian(at: 1)
        guard signature >> 4 == Self.signatureFormat >> 4 else { throw .invalidField(.signatureLength) }
        guard signature & 0xf == Self.signatureFormat & 0xf else { throw .invalidField(.hashMethod) }
        let method: UInt8 = bytes.bigEndian(at: Offset.opcode)
        guard method >> 4 == Self.sharedSecret else { throw .invalidField(.authenticationMethod) }
        guard let opcode = AYIYAOpcode(rawValue: method & 0xf) else { throw .invalidField(.opcode) }
        switch bytes.bigEndian(at: Offset.nextHeader, as: UInt8.self) {
        case ProtocolNumber.ipv6, ProtocolNumber.ipv4, ProtocolNumber.noNextHeader: break
        default: throw .invalidField(.nextHeader)
        }
        self.bytes = bytes
        self.opcode = opcode
    }

    /// Type of the payload: IPv6 (41), IPv4 (4) or none (59).
    public var nextHeader: UInt8 { self.bytes.bigEndian(at: Offset.nextHeader) }

    /// When the sender signed, in seconds since 1970 modulo 2^32.
    public var epochTime: UInt32 { self.bytes.bigEndian(at: Offset.epochTime) }

    /// Who signed: the sender's address inside the tunnel.
    public var identity: IPv6Address { self.bytes.ipv6Address(at: Offset.identity) }

    /// What the datagram carries.
    public var payload: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: Self.headerLength) }
    }

    /// Whether the signature is one that was worked out beforehand, compared in constant time.
    public func hasSignature(_ expected: SHA1Digest) -> Bool {
        expected.matches(self.bytes, at: Offset.signature)
    }

    /// Whether a datagram has a signature that was worked out beforehand, compared in constant time.
    ///
    /// Traps when it has fewer than 44 octets.
    public static func hasSignature(_ expected: SHA1Digest, in datagram: RawSpan) -> Bool {
        expected.matches(datagram, at: Offset.signature)
    }

    /// Whether the signature is the one a holder of this secret makes, compared in constant time.
    public func hasSignature(by secret: borrowing AYIYASecret) -> Bool {
        secret.signature(of: self.bytes).matches(self.bytes, at: Offset.signature)
    }
}

/// What both ends of an AYIYA tunnel share: SHA-1 of the password.
public struct AYIYASecret: Equatable, Sendable {
    let digest: SHA1Digest

    /// Derives the secret from the octets of a password.
    public init(password: some Collection<UInt8>) {
        let octets = Array(password)
        self.digest = unsafe SHA1Digest(of: octets.span.bytes)
    }

    /// Derives the secret from a password.
    public init(password: TunnelPassword) { self.init(password: password.octets) }

    /// Derives the secret from the UTF-8 octets of a text.
    public init(password: String) {
        self.init(password: password.utf8)
    }
}

extension AYIYASecret: CustomStringConvertible, CustomReflectable {
    /// Says that there is a secret, not which.
    public var description: String { "AYIYASecret(hidden)" }

    /// Nothing: a dump shows no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The header of an AYIYA datagram to write.
public struct AYIYAHeader: Hashable, Sendable {
    /// What is asked of the receiver.
    public var opcode: AYIYAOpcode

    /// Type of the payload: IPv6 (41), IPv4 (4) or none (59).
    public var nextHeader: UInt8

    /// Seconds since 1970 modulo 2^32.
    public var epochTime: UInt32

    /// The sender's address inside the tunnel.
    public var identity: IPv6Address

    /// Creates a header.
    public init(opcode: AYIYAOpcode, nextHeader: UInt8, epochTime: UInt32, identity: IPv6Address) {
        self.opcode = opcode
        self.nextHeader = nextHeader
        self.epochTime = epochTime
        self.identity = identity
    }

    /// Writes the 44 octets of the header and signs the datagram, whose payload is already in place.
    ///
    /// - Parameters:
    ///   - buffer: Holds the payload from `offset + 44` on. Traps when the datagram doesn't fit.
    ///   - offset: Where the datagram begins, in octets.
    ///   - payloadLength: In octets.
    ///   - secret: What the receiver verifies with.
    public func encode(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        payloadLength: Int,
        signedWith secret: borrowing AYIYASecret
    ) {
        self.encodeUnsigned(into: &buffer, at: offset)
        let end = offset + AYIYAPacket.headerLength + payloadLength
        let signature = secret.signature(of: buffer.bytes.extracting(offset..<end))
        buffer.store(signature.bytes, at: offset + AYIYAPacket.Offset.signature)
    }

    /// Writes the 44 octets of the header but for the signature, which ``setSignature(_:in:at:)`` adds.
    ///
    /// Traps when they don't fit in the buffer.
    public func encodeUnsigned(into buffer: inout MutableRawSpan, at offset: Int) {
        let method = AYIYAPacket.sharedSecret << 4 | self.opcode.rawValue
        buffer.storeBigEndian(AYIYAPacket.identityFormat, at: offset)
        buffer.storeBigEndian(AYIYAPacket.signatureFormat, at: offset + 1)
        buffer.storeBigEndian(method, at: offset + AYIYAPacket.Offset.opcode)
        buffer.storeBigEndian(self.nextHeader, at: offset + AYIYAPacket.Offset.nextHeader)
        buffer.storeBigEndian(self.epochTime, at: offset + AYIYAPacket.Offset.epochTime)
        buffer.store(self.identity, at: offset + AYIYAPacket.Offset.identity)
    }

    /// Writes a datagram's signature.
    ///
    /// Traps when it doesn't fit in the buffer.
    public static func setSignature(_ signature: SHA1Digest, in buffer: inout MutableRawSpan, at offset: Int)
    {
        buffer.store(signature.bytes, at: offset + AYIYAPacket.Offset.signature)
    }
}
