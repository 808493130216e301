internal import Foundation
internal import Wire

/// The name by which a user is known to the fleet, whatever the case of its letters.
struct UserHandle: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The handle as it was registered.
    let description: String

    /// Parses a handle.
    ///
    /// - Throws: ``SyntaxError`` unless the text is 2 to 32 letters, digits, dots and dashes, and begins with a letter.
    init(parsing text: some StringProtocol) throws(SyntaxError) {
        let isAllowed = text.utf8.allSatisfy { octet in
            Self.isLetter(octet) || (0x30...0x39).contains(octet) || octet == UInt8(ascii: ".")
                || octet == UInt8(ascii: "-")
        }
        guard isAllowed, (2...32).contains(text.utf8.count), text.utf8.first.map(Self.isLetter) == true else {
            throw SyntaxError(
                expected: "a handle of 2 to 32 letters, digits, dots and dashes that begins with a letter",
                found: String(text.prefix(40))
            )
        }
        self.description = String(text)
    }

    private static func isLetter(_ octet: UInt8) -> Bool { (0x61...0x7a).contains(octet | 0x20) }

    static func == (lhs: Self, rhs: Self) -> Bool { lhs.key == rhs.key }

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.key < rhs.key }

    func hash(into hasher: inout Hasher) { hasher.combine(self.key) }

    private var key: String { self.description.lowercased() }
}

/// Somebody who has tunnels.
struct User: Hashable, Sendable {
    let handle: UserHandle
    @Exact var name: String

    /// An address, or empty.
    @Exact var mail: String

    /// What a login is compared with; nil for a user who cannot log in.
    var password: PasswordHash?
    let created: Date
    var changed: Date
}

/// What is kept of a user's password: what the challenges of TIC are computed from.
///
/// As good as the password itself to who gets hold of it, so its description never shows it.
struct PasswordHash: Hashable, Sendable, CustomStringConvertible {
    /// In lower-case hexadecimal digits.
    let md5: String

    /// In lower-case hexadecimal digits.
    let sha256: String

    init(of password: Password) {
        let octets = password.secret.octets
        self.md5 = MessageDigest.md5(octets).hexadecimalText
        self.sha256 = MessageDigest.sha256(octets).hexadecimalText
    }

    init(md5: String, sha256: String) {
        self.md5 = md5
        self.sha256 = sha256
    }

    /// `set`, whatever the password is.
    var description: String { "set" }
}

/// New values of a user; nil leaves a value as it is.
struct UserAmendment: Hashable, Sendable {
    var name: String?
    var mail: String?
    var password: PasswordHash?

    var isEmpty: Bool { self == UserAmendment() }

    func applied(to user: User) -> User {
        var user = user
        user.name = self.name ?? user.name
        user.mail = self.mail ?? user.mail
        user.password = self.password ?? user.password
        return user
    }
}
