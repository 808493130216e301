internal import Foundation

/// One time that the centre spoke, or tried to speak, with a PoP.
struct Contact: Hashable, Sendable {
    /// What it was about.
    enum Kind: String, Sendable {
        /// A configuration was to be pushed.
        case push

        /// Statistics were to be fetched.
        case poll
    }

    let kind: Kind
    let popID: Int
    let started: Date
    let duration: Duration

    /// `applied`, `failed` and so on; of a poll `reached` or `failed`.
    let outcome: String
    let generation: Int?

    /// What the daemon answered, or why it failed; empty for a poll that went well.
    let detail: String
}

/// A generation without its text.
struct GenerationSummary: Hashable, Sendable {
    let number: Int
    let digest: String
    let created: Date
    let author: String
    let reason: String

    /// When a daemon last confirmed it; nil when none did.
    let confirmed: Date?
}

/// What of the past is wanted: the newest so many, and nothing from before a time.
struct PastWindow: Hashable, Sendable {
    var since: Date?
    var last: Int?

    /// How many rows a query may give, when nothing is said.
    func limit(_ usual: Int) -> Int { self.last ?? (self.since == nil ? usual : 1_000_000) }
}
