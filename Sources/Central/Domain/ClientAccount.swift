package import Wire

/// Whom a client says that it logs in for: a user, `jdoe`, or one tunnel of a user, `jdoe/T5072`, which has a secret of its own.
package struct ClientAccount: Hashable, Sendable, CustomStringConvertible {
    package let handle: UserHandle

    /// Nil for all tunnels of the user.
    package let tunnel: TunnelNumber?

    /// - Throws: `SyntaxError` when the text is neither.
    package init(parsing text: String) throws(SyntaxError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        self.handle = try UserHandle(parsing: parts.first ?? "")
        self.tunnel = parts.count > 1 ? try TunnelNumber(parsing: parts[1]) : nil
    }

    package var description: String { self.tunnel.map { "\(self.handle)/\($0)" } ?? "\(self.handle)" }
}

/// With what a client shows that it knows the secret of an account.
package struct LoginProof: Hashable, Sendable {
    package let scheme: TICScheme

    /// What the server asked; nothing in the clear.
    package let challenge: String

    /// What the client answered: a digest, or the secret itself.
    package let response: String

    package init(_ scheme: TICScheme, challenge: String, response: String) {
        self.scheme = scheme
        self.challenge = challenge
        self.response = response
    }
}

extension PasswordHash {
    /// What is compared with in the place of a secret that does not exist.
    static let none = PasswordHash(of: .random())

    /// Whether somebody knows the password; takes as long wherever the answers differ.
    func accepts(_ proof: LoginProof) -> Bool {
        let (expected, given): (String?, String?) =
            switch proof.scheme {
            case .md5: (proof.scheme.response(to: proof.challenge, secretDigest: self.md5), proof.response)
            case .sha256:
                (proof.scheme.response(to: proof.challenge, secretDigest: self.sha256), proof.response)
            case .clear: (self.sha256, TICScheme.sha256.digest(ofSecret: Array(proof.response.utf8)))
            }
        guard let expected, let given else { return false }
        return expected.utf8.isEqualInConstantTime(to: given.utf8)
    }
}
