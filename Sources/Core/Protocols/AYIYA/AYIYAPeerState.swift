public import Wire

/// What AYIYA remembers of one peer: what its datagrams may be signed with.
public struct AYIYAPeerState: Sendable {
    /// What both ends sign with; nil for a tunnel without a password.
    var secret: AYIYASecret?
    /// What datagrams may be signed with too, until the expiry, in seconds since 1970.
    var retired: (secret: AYIYASecret, expiry: Int64)?

    init() {}

    /// Creates the state of a peer that has one secret.
    public init(secret: AYIYASecret) {
        self.secret = secret
    }
}

extension AYIYAPeerState {
    /// One of the two secrets; nil where there is none.
    @inline(__always)
    func secret(isRetired: Bool) -> AYIYASecret? { isRetired ? self.retired?.secret : self.secret }

    /// Which of a peer's two secrets signed a datagram.
    enum Signer {
        case present
        case retired
    }

    /// Which of the two secrets signed a datagram.
    ///
    /// - Parameters:
    ///   - packet: The datagram.
    ///   - expected: What the present secret signs it with, when that was worked out beforehand.
    ///   - unixTime: The time, in seconds since 1970.
    /// - Returns: The secret; nil when neither did.
    @inline(__always)
    func signer(
        of packet: borrowing AYIYAPacket,
        expecting expected: SHA1Digest?,
        at unixTime: Int64
    ) -> Signer? {
        if let expected {
            if packet.hasSignature(expected) { return .present }
        } else if let secret = self.secret, packet.hasSignature(by: secret) {
            return .present
        }
        guard let retired = self.retired, unixTime < retired.expiry,
            packet.hasSignature(by: retired.secret)
        else { return nil }
        return .retired
    }
}
