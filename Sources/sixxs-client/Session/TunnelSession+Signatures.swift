import Wire

// Signatures of many datagrams take much less than one after the other.
extension TunnelSession {
    /// Signs what ``encapsulate(in:at:length:at:)`` prepared, where the tunnel has signatures.
    func sign(_ datagram: inout MutableRawSpan) {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return }
        AYIYAHeader.setSignature(secret.signature(of: datagram.bytes), in: &datagram, at: 0)
    }

    /// Adds what ``encapsulate(in:at:length:at:)`` prepared to others.
    ///
    /// - Parameters:
    ///   - datagram: The datagram, in memory that may be written; must stay as it is until ``Wire/AYIYASignatures/sign()``.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false where the tunnel has no signatures.
    func add(_ datagram: UnsafeRawBufferPointer, to signatures: inout AYIYASignatures) -> Bool {
        guard case .ayiya(let secret) = self.settings.encapsulation,
            datagram.count >= AYIYAPacket.headerLength
        else { return false }
        signatures.append(datagram, by: secret)
        return true
    }

    /// Adds an arriving datagram to others, so that what it must be signed with is worked out together with theirs.
    ///
    /// - Parameters:
    ///   - datagram: The datagram, which must stay as it is until the signatures were computed.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false unless it looks like the PoP's, so that no time is spent on what is refused
    ///   anyway.
    func addExpected(_ datagram: UnsafeRawBufferPointer, to signatures: inout AYIYASignatures) -> Bool {
        guard case .ayiya(let secret) = self.settings.encapsulation,
            let packet = try? AYIYAPacket(RawSpan(_unsafeBytes: datagram)),
            packet.identity == self.settings.popIdentity
        else { return false }
        signatures.append(datagram, by: secret)
        return true
    }
}
