public import Wire

/// Puts AYIYA's header in front of a payload, at either end.
public enum AYIYAEncapsulator {
    /// When a datagram gets its signature.
    public enum Signing {
        /// When it is made.
        case now
        /// With others, by ``DatagramSigner``.
        case later
    }

    /// Octets in front of a payload.
    public static var headerLength: Int { AYIYAPacket.headerLength }

    /// Writes a header, and the signature where it is not left for later.
    ///
    /// - Parameters:
    ///   - header: What it says.
    ///   - buffer: Holds the payload.
    ///   - payload: Where, with ``headerLength`` octets in front of it.
    ///   - secret: What the receiver verifies with.
    ///   - signing: When the datagram is signed.
    /// - Returns: Where the datagram lies.
    @discardableResult
    @inline(__always)
    public static func write(
        _ header: AYIYAHeader,
        into buffer: inout MutableRawSpan,
        inFrontOf payload: Range<Int>,
        signedWith secret: borrowing AYIYASecret,
        _ signing: Signing
    ) -> Range<Int> {
        let start = payload.lowerBound - AYIYAPacket.headerLength
        switch signing {
        case .later: header.encodeUnsigned(into: &buffer, at: start)
        case .now:
            header.encode(into: &buffer, at: start, payloadLength: payload.count, signedWith: secret)
        }
        return start..<payload.upperBound
    }

    /// Makes a datagram of the payload in a buffer, which ``sign(_:by:)`` signs, or others are signed with.
    static func encapsulate(_ buffer: inout PacketBuffer, _ header: AYIYAHeader) {
        buffer.prepend(AYIYAPacket.headerLength)
        header.encodeUnsigned(into: &buffer.bytes, at: buffer.range.lowerBound)
    }

    /// Signs the datagram in a buffer.
    static func sign(_ buffer: inout PacketBuffer, by secret: borrowing AYIYASecret) {
        let signature = secret.signature(of: buffer.packet)
        AYIYAHeader.setSignature(signature, in: &buffer.bytes, at: buffer.range.lowerBound)
    }

    /// Adds a datagram to others whose signatures are worked out together.
    ///
    /// - Parameters:
    ///   - datagram: The datagram, which must stay as it is until then.
    ///   - secret: What signs it.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false for what is too short.
    @unsafe
    public static func add(
        _ datagram: UnsafeRawBufferPointer,
        signedWith secret: borrowing AYIYASecret,
        to signatures: inout DatagramSignatures
    ) -> Bool {
        guard datagram.count >= AYIYAPacket.headerLength else { return false }
        unsafe signatures.append(datagram, by: secret)
        return true
    }
}

/// Signatures of datagrams, worked out many at a time.
public typealias DatagramSignatures = AYIYASignatures
