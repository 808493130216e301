package import Foundation
package import Wire

/// What a user may do at the pages.
package enum UserRole: String, CaseIterable, Sendable {
    /// See and change what is his own.
    case user

    /// See everything.
    case `operator`

    /// See the fleet, and nothing of its people.
    case readOnly = "read-only"
}

/// What somebody holds who may do something: the text itself is stored nowhere, only its hash is.
package struct SecretToken: Hashable, Sendable, CustomStringConvertible {
    /// SHA-256 of the token, in lower-case hexadecimal digits.
    ///
    /// A token is random and long, so that nothing slower is needed against guessing.
    package let hash: String

    /// Takes what somebody sends.
    package init(of text: String) {
        self.hash = MessageDigest.sha256(Array(text.utf8)).hexadecimalText
    }

    /// Takes what is stored.
    init(storedHash hash: String) { self.hash = hash }

    /// Makes one of 64 hexadecimal digits.
    ///
    /// - Returns: The text, which is shown once, and what is stored of it.
    package static func random() -> (text: String, stored: SecretToken) {
        let text = [UInt8].random(count: 32).hexadecimalText
        return (text, SecretToken(of: text))
    }

    /// `set`, whatever the token is.
    package var description: String { "set" }
}

/// What a link is for that lets a user choose a password for the pages, once.
package enum AccountLinkKind: String, Sendable {
    /// For somebody new.
    case invitation

    /// For somebody who forgot his password.
    case reset

    /// How long it is good, in seconds.
    package var duration: TimeInterval {
        switch self {
        case .invitation: 24 * 3600
        case .reset: 3600
        }
    }
}

/// A link that lets a user choose a password for the pages, once.
package struct AccountLink: Hashable, Sendable {
    package let token: SecretToken
    package let kind: AccountLinkKind
    package let user: UserHandle

    /// When it is good no more.
    package let end: Date
}

/// A user who is logged in at the pages.
package struct WebSession: Hashable, Sendable {
    package let token: SecretToken
    package let user: UserHandle

    /// As it is now, not as it was at the login.
    package let role: UserRole
    package let begun: Date

    /// When it was used last, to the minute.
    package let used: Date

    /// From where the user logged in; nil where that is not known.
    package let client: IPAddress?

    /// How long one stays logged in without doing anything, in seconds.
    package static let idle: TimeInterval = 12 * 3600

    /// How long one stays logged in at most, in seconds.
    package static let longest: TimeInterval = 7 * 86_400

    /// How many a user may have; a new one ends the one that was used least lately.
    package static let most = 20

    /// How often it is written down that a session is used, in seconds: not with every request.
    package static let precision: TimeInterval = 60
}
