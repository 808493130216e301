import Wire

// Signatures of two datagrams take little longer than one's.
extension TunnelSession {
    /// Signs what ``encapsulate(in:at:length:at:)`` prepared, where the tunnel has signatures.
    func sign(_ datagram: inout MutableRawSpan) {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return }
        AYIYAHeader.setSignature(secret.signature(of: datagram.bytes), in: &datagram, at: 0)
    }

    /// Signs two datagrams, which must not overlap.
    func sign(_ first: inout MutableRawSpan, _ second: inout MutableRawSpan) {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return }
        let signatures = AYIYASecret.signatures(of: first.bytes, by: secret, second.bytes, by: secret)
        AYIYAHeader.setSignature(signatures.0, in: &first, at: 0)
        AYIYAHeader.setSignature(signatures.1, in: &second, at: 0)
    }

    /// What two arriving datagrams must be signed with, for ``receive(_:_:trafficClass:expecting:at:)``; nil unless both look
    /// like the PoP's, so that no time is spent on what is refused anyway.
    func expectedSignatures(of first: RawSpan, _ second: RawSpan) -> (SHA1Digest, SHA1Digest)? {
        guard case .ayiya(let secret) = self.settings.encapsulation, self.looksLikeThePoPs(first),
            self.looksLikeThePoPs(second)
        else { return nil }
        return AYIYASecret.signatures(of: first, by: secret, second, by: secret)
    }

    private func looksLikeThePoPs(_ octets: RawSpan) -> Bool {
        guard let datagram = try? AYIYAPacket(octets) else { return false }
        return datagram.identity == self.settings.popIdentity
    }
}
