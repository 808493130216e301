internal import Foundation
package import Wire

/// The password with which a user logs in to the pages; another than what his router or AICCU knows.
///
/// Its description never shows it, so that it cannot reach a log or an audit entry by accident.
package struct WebPassword: Hashable, Sendable, CustomStringConvertible {
    /// How many characters a new one has.
    package static let lengths = 10...200

    /// Octets that are looked at when somebody logs in: more is nobody's password.
    private static let longest = 1024

    /// In one spelling of each character, since keyboards differ.
    let octets: [UInt8]

    /// Takes what somebody logs in with; nil when it can be nobody's.
    package init?(typed text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.longest else { return nil }
        self.octets = Array(text.precomposedStringWithCanonicalMapping.utf8)
    }

    /// Checks a new password.
    ///
    /// - Throws: `SyntaxError` when it is too short, too long, or easily guessed; it does not repeat the password.
    package init(new text: String, for handle: UserHandle) throws(SyntaxError) {
        guard Self.lengths.contains(text.count), let password = WebPassword(typed: text) else {
            throw SyntaxError(
                expected: "a password of \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) characters",
                found: "one of \(text.count)"
            )
        }
        guard Set(text).count >= 5, !text.lowercased().contains(handle.description.lowercased()) else {
            throw SyntaxError(
                expected: "a password of at least five different characters without the handle in it",
                found: "one that is easily guessed"
            )
        }
        self = password
    }

    /// `set`, whatever the password is.
    package var description: String { "set" }
}

/// What is kept of the password for the pages: enough to compare with, and little help to who steals it.
package struct WebPasswordHash: Hashable, Sendable, CustomStringConvertible {
    let cost: Scrypt
    let salt: [UInt8]
    let key: [UInt8]

    /// Octets of salts and keys.
    private static let (saltLength, keyLength) = (16, 32)

    /// Takes what an earlier version derived.
    private init(cost: Scrypt, salt: [UInt8], key: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    /// Derives it, which takes long and much memory on purpose; nil when there is not so much.
    package init?(of password: WebPassword, cost: Scrypt) {
        let salt = [UInt8].random(count: Self.saltLength)
        let key = cost.key(of: password.octets, salt: salt, length: Self.keyLength)
        guard !key.isEmpty else { return nil }
        self.init(cost: cost, salt: salt, key: key)
    }

    /// One that is nobody's: comparing with it takes as long as with another.
    init(ofNobody cost: Scrypt) {
        self.init(
            cost: cost,
            salt: [UInt8](repeating: 0, count: Self.saltLength),
            key: [UInt8](repeating: 0, count: Self.keyLength)
        )
    }

    /// Reads `scrypt$15$8$3$SALT$KEY`, the last two in hexadecimal digits; nil when it is something else.
    package init?(stored text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt",
            let logarithm = Self.number(parts[1]), let blockSize = Self.number(parts[2]),
            let repetitions = Self.number(parts[3]),
            let cost = Scrypt(logarithm: logarithm, blockSize: blockSize, repetitions: repetitions),
            let salt = [UInt8](hexadecimalText: parts[4].utf8), salt.count == Self.saltLength,
            let key = [UInt8](hexadecimalText: parts[5].utf8), key.count == Self.keyLength
        else { return nil }
        self.init(cost: cost, salt: salt, key: key)
    }

    /// As it is stored.
    package var text: String {
        let cost = self.cost
        return "scrypt$\(cost.logarithm)$\(cost.blockSize)$\(cost.repetitions)$\(self.salt.hexadecimalText)$"
            + self.key.hexadecimalText
    }

    /// Derives a key from what was typed and compares it; takes as long wherever they differ.
    package func matches(_ password: WebPassword) -> Bool {
        self.cost.key(of: password.octets, salt: self.salt, length: self.key.count)
            .isEqualInConstantTime(to: self.key)
    }

    /// `set`, whatever the password is.
    package var description: String { "set" }

    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
