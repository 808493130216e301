package import Foundation

/// A configuration that was pushed, or was about to be: its number only grows.
package struct Generation: Hashable, Sendable {
    package let popID: Int
    package let number: Int
    package let digest: String
    package let text: String
    package let created: Date
    package let author: String
    package let reason: String

    /// The newest revision of the registry that gives this text.
    package var revision: Int64 = 0

    /// When a daemon last confirmed it; nil when none did.
    package var confirmed: Date?
}

/// A generation without its text.
package struct GenerationSummary: Hashable, Sendable {
    package let number: Int
    package let digest: String
    package let created: Date
    package let author: String
    package let reason: String

    /// When a daemon last confirmed it; nil when none did.
    package let confirmed: Date?
}
