package import Foundation

/// One line of the audit: who changed what, and how it looked before and after.
package struct AuditEntry: Hashable, Sendable {
    package let revision: Int64
    package let time: Date
    package let author: String

    /// `add`, `change` or `remove`.
    package let action: String

    /// `pop chtst01`, `tunnel T12`.
    package let subject: String

    /// JSON; nil when the thing did not exist.
    package let before: String?

    /// JSON; nil when the thing no longer exists.
    package let after: String?
}
