/// How a client of TIC shows that it knows a secret.
public enum TICScheme: String, CaseIterable, Hashable, Sendable {
    /// By the MD5 of the challenge and of the secret's MD5.
    case md5

    /// The same with SHA-256.
    case sha256

    /// By the secret itself.
    case clear

    /// What answers a challenge: the digest of the challenge and of the secret's digest, both in lower-case hexadecimal digits.
    ///
    /// - Parameters:
    ///   - challenge: What the server sent, without the blank in front of it.
    ///   - secretDigest: The secret's digest by the same algorithm, in lower-case hexadecimal digits.
    /// - Returns: The answer; nil in the clear, and when the system's policy forbids the algorithm.
    public func response(to challenge: String, secretDigest: String) -> String? {
        let octets = Array(challenge.utf8) + Array(secretDigest.utf8)
        let digest = self.digest(of: octets)
        return digest.isEmpty ? nil : digest
    }

    /// The digest of a secret as it is stored; nil in the clear, and when the system's policy forbids the algorithm.
    public func digest(ofSecret secret: [UInt8]) -> String? {
        let digest = self.digest(of: secret)
        return digest.isEmpty ? nil : digest
    }

    private func digest(of octets: [UInt8]) -> String {
        switch self {
        case .md5: MessageDigest.md5(octets).hexadecimalText
        case .sha256: MessageDigest.sha256(octets).hexadecimalText
        case .clear: ""
        }
    }
}
