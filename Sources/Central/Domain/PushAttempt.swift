package import Foundation

/// How an attempt to push ended.
package enum PushOutcome: String, CaseIterable, Sendable {
    /// The daemon took a configuration that it did not have, and it was confirmed.
    case applied

    /// The daemon had it already.
    case unchanged

    /// The daemon does not have it, or nobody knows.
    case failed

    /// Nothing was sent, since a rule of the centre's own or an operator is against it.
    case stopped

    /// The daemon took it, did not do well with it, and has the old one again.
    case rolledBack = "rolled back"

    /// Whether the daemon has what it was to have.
    package var isSuccess: Bool { self == .applied || self == .unchanged }
}

/// One attempt to push to one PoP.
package struct PushAttempt: Hashable, Sendable {
    package let popID: Int

    /// What was to be pushed; nil when it did not come that far.
    package let generation: Int?
    package let started: Date

    /// How long it took.
    package let duration: Duration
    package let outcome: PushOutcome

    /// What the daemon answered, or why it failed.
    package let detail: String
}

/// What the attempts of the past say about a PoP.
package struct PushHistory: Hashable, Sendable {
    package let last: PushAttempt

    /// The last attempt that did not fail.
    package let lastSuccess: PushAttempt?

    /// The digest that the daemon confirmed last.
    let confirmedDigest: String?
}
