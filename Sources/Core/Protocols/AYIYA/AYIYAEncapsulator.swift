public import Wire

/// Puts AYIYA's header in front of a payload, at either end.
public enum AYIYAEncapsulator {
    /// When a datagram gets its signature.
    enum Signing {
        /// When it is made.
        case now
        /// With others, by ``DatagramSignatures``.
        case later
    }

    /// Octets in front of a payload.
    public static var headerLength: Int { AYIYAPacket.headerLength }

    /// Writes a header in front of a payload, but for the signature, which ``sign(_:_:by:)`` adds.
    ///
    /// - Parameters:
    ///   - header: What it says.
    ///   - buffer: Holds the payload.
    ///   - payload: Where, with ``headerLength`` octets in front of it.
    /// - Returns: Where the datagram lies.
    @discardableResult
    public static func write(
        _ header: AYIYAHeader,
        into buffer: inout MutableRawSpan,
        inFrontOf payload: Range<Int>
    ) -> Range<Int> {
        let start = payload.lowerBound - AYIYAPacket.headerLength
        header.encodeUnsigned(into: &buffer, at: start)
        return start..<payload.upperBound
    }

    /// Signs a datagram.
    ///
    /// - Parameters:
    ///   - buffer: Holds the datagram.
    ///   - datagram: Where.
    ///   - secret: What the receiver verifies with.
    public static func sign(
        _ buffer: inout MutableRawSpan,
        _ datagram: Range<Int>,
        by secret: borrowing AYIYASecret
    ) {
        let signature = secret.signature(of: buffer.bytes.extracting(datagram))
        AYIYAHeader.setSignature(signature, in: &buffer, at: datagram.lowerBound)
    }

    /// Makes a datagram of the payload in a buffer, but for the signature.
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
