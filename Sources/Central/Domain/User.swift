package import Foundation
package import Wire

/// The name by which a user is known to the fleet, whatever the case of its letters.
package struct UserHandle: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The handle as it was registered.
    package let description: String

    /// Parses a handle.
    ///
    /// - Throws: `SyntaxError` unless the text is 2 to 32 letters, digits, dots and dashes, and begins with a letter.
    package init(parsing text: some StringProtocol) throws(SyntaxError) {
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

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.key == rhs.key }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.key < rhs.key }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.key) }

    private var key: String { self.description.lowercased() }
}

/// Somebody who has tunnels.
package struct User: Hashable, Sendable {
    package let handle: UserHandle
    @Exact package var name: String

    /// An address, or empty.
    @Exact package var mail: String

    /// What a login is compared with; nil for a user who cannot log in.
    package var password: PasswordHash?

    /// What he may do at the pages.
    package var role = UserRole.user

    /// What a login to the pages is compared with; nil for a user who cannot log in there.
    package var webPassword: WebPasswordHash?

    /// The tunnels that were disabled when he was suspended; nil for a user who is not.
    package var suspension: [TunnelNumber]?
    package let created: Date
    package var changed: Date
}

/// What is kept of a user's password: what the challenges of TIC are computed from.
///
/// As good as the password itself to who gets hold of it, so its description never shows it.
package struct PasswordHash: Hashable, Sendable, CustomStringConvertible {
    /// In lower-case hexadecimal digits.
    let md5: String

    /// In lower-case hexadecimal digits.
    let sha256: String

    package init(of password: Password) {
        let octets = password.secret.octets
        self.md5 = MessageDigest.md5(octets).hexadecimalText
        self.sha256 = MessageDigest.sha256(octets).hexadecimalText
    }

    package init(md5: String, sha256: String) {
        self.md5 = md5
        self.sha256 = sha256
    }

    /// What a row of the registry holds; nil where it is not whole.
    init?(md5: String?, sha256: String?) {
        guard let md5, let sha256 else { return nil }
        self.init(md5: md5, sha256: sha256)
    }

    /// `set`, whatever the password is.
    package var description: String { "set" }
}

/// New values of a user; nil leaves a value as it is.
package struct UserAmendment: Hashable, Sendable {
    package var name: String?
    package var mail: String?
    package var password: PasswordHash?
    package var role: UserRole?
    package var webPassword: WebPasswordHash?

    /// The tunnels that are enabled again when he is suspended no more; only users who come from elsewhere bring them.
    package var suspension: [TunnelNumber]?

    /// The password for the pages that the user must still have, and not be suspended; nil where that does not matter.
    ///
    /// Whoever compared it waited since, and an operator or the owner may have taken it away.
    package var replacing: WebPasswordHash?

    package init(
        name: String? = nil,
        mail: String? = nil,
        password: PasswordHash? = nil,
        role: UserRole? = nil,
        webPassword: WebPasswordHash? = nil,
        suspension: [TunnelNumber]? = nil,
        replacing: WebPasswordHash? = nil
    ) {
        self.replacing = replacing
        self.name = name
        self.mail = mail
        self.password = password
        self.role = role
        self.webPassword = webPassword
        self.suspension = suspension
    }

    package var isEmpty: Bool { self == UserAmendment() }

    package func applied(to user: User) -> User {
        var user = user
        user.name = self.name ?? user.name
        user.mail = self.mail ?? user.mail
        user.password = self.password ?? user.password
        user.role = self.role ?? user.role
        user.webPassword = self.webPassword ?? user.webPassword
        user.suspension = self.suspension ?? user.suspension
        return user
    }
}
