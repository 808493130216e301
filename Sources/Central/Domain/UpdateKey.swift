internal import Wire

/// What a user's router sends to tell where a tunnel ends; only its hash is stored.
package struct UpdateKey: Hashable, Sendable, CustomStringConvertible {
    /// SHA-256 of the key, in lower-case hexadecimal digits.
    ///
    /// A key is random and long, so that nothing slower is needed against guessing.
    package let hash: String

    /// Takes what the registry holds.
    init(storedHash hash: String) { self.hash = hash }

    /// Takes the key that somebody sends.
    package init(of key: String) {
        self.hash = MessageDigest.sha256(Array(key.utf8)).hexadecimalText
    }

    /// Makes a key of letters and digits, which nothing needs to escape.
    ///
    /// - Returns: The key itself, which is shown once, and what is stored of it.
    package static func random() -> (key: String, stored: UpdateKey) {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        let key = String((0..<24).map { _ in letters.randomElement(using: &generator) ?? "x" })
        return (key, UpdateKey(of: key))
    }

    /// Whether it is the key of another; takes as long wherever they differ.
    package func matches(_ other: UpdateKey) -> Bool {
        self.hash.utf8.isEqualInConstantTime(to: other.hash.utf8)
    }

    /// `set`, whatever the key is.
    package var description: String { "set" }
}
