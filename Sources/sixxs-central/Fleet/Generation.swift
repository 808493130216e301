internal import Foundation

/// A configuration that was pushed, or was about to be: its number only grows.
struct Generation: Hashable, Sendable {
    let popID: Int
    let number: Int
    let digest: String
    let text: String
    let created: Date
    let author: String
    let reason: String

    /// The newest revision of the registry that gives this text.
    var revision: Int64 = 0

    /// When a daemon last confirmed it; nil when none did.
    var confirmed: Date?
}
