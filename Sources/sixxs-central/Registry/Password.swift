internal import Wire

/// The secret that a tunnel's user and its PoP share.
///
/// Its description never shows it, so that it cannot reach a log or an audit entry by accident.
struct Password: Hashable, Sendable, CustomStringConvertible {
    /// The secret itself.
    let text: String

    /// Checks a password that an operator chose.
    ///
    /// - Throws: ``SyntaxError`` when it is empty, too long, or has blanks or control characters in it.
    init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard TunnelSettings.isPassword(String(text)) else {
            let most = TunnelSettings.passwordLengths.upperBound
            throw SyntaxError(
                expected: "a password of 1 to \(most) octets without blanks and control characters",
                found: "one of \(text.utf8.count) octets"
            )
        }
        self.text = String(text)
    }

    private init(trusted text: String) { self.text = text }

    /// Makes a password of 32 hexadecimal digits from the system's random numbers.
    static func random() -> Password {
        var generator = SystemRandomNumberGenerator()
        let octets = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Password(trusted: octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    /// `set`, whatever the password is.
    var description: String { "set" }
}
