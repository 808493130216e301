package import Foundation

/// One time that the centre spoke, or tried to speak, with a PoP.
package struct Contact: Hashable, Sendable {
    /// What it was about.
    package enum Kind: String, Sendable {
        /// A configuration was to be pushed.
        case push

        /// Statistics were to be fetched.
        case poll
    }

    package let kind: Kind
    package let popID: Int
    package let started: Date
    package let duration: Duration

    /// `applied`, `failed` and so on; of a poll `reached` or `failed`.
    package let outcome: String
    package let generation: Int?

    /// What the daemon answered, or why it failed; empty for a poll that went well.
    package let detail: String
}
