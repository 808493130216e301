package import Wire

/// The secret that a tunnel's user and its PoP share.
///
/// Its description never shows it, so that it cannot reach a log or an audit entry by accident.
package struct Password: Hashable, Sendable, CustomStringConvertible {
    /// The secret itself.
    package let secret: TunnelPassword

    /// The secret as it is stored, and shown to who asked for it.
    package var text: String { self.secret.text }

    /// Checks a password that an operator chose.
    ///
    /// - Throws: `SyntaxError` when it is empty, too long, or has blanks or control characters in it.
    package init(parsing text: some StringProtocol) throws(SyntaxError) {
        try self.init(octets: text.utf8)
    }

    /// Checks the octets that an operator chose.
    ///
    /// - Throws: `SyntaxError` when they are none, too many, no UTF-8, or have blanks or control characters among them.
    package init(octets: some Collection<UInt8>) throws(SyntaxError) {
        let secret = TunnelPassword(octets: octets)
        guard secret != TunnelPassword.placeholder else {
            throw SyntaxError(
                expected: "the password itself",
                found: "\(secret.text), which stands where a password is not shown"
            )
        }
        guard secret.isConfigurable else {
            let most = TunnelPassword.lengths.upperBound
            throw SyntaxError(
                expected: "a password of 1 to \(most) octets without blanks and control characters",
                found: "one of \(octets.count) octets"
            )
        }
        self.secret = secret
    }

    /// Takes what the registry holds, whatever the rules were when it came in.
    package init(stored text: String) { self.secret = TunnelPassword(text) }

    /// Makes a password of 32 hexadecimal digits from the system's random numbers.
    package static func random() -> Password {
        Password(stored: [UInt8].random(count: 16).hexadecimalText)
    }

    /// `set`, whatever the password is.
    package var description: String { "set" }
}
