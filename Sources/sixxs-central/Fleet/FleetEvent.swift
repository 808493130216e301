internal import Foundation

/// Something that happened to a PoP.
struct FleetEvent: Hashable, Sendable {
    /// What happened.
    enum Kind: String, CaseIterable, Sendable {
        /// A PoP answers again, or for the first time.
        case reachable

        /// A PoP that answered does not any more.
        case unreachable

        /// The daemon's instance is another.
        case restarted

        /// The daemon ran another configuration than it had confirmed.
        case drifted
    }

    let time: Date
    let popID: Int?
    let kind: Kind
    let detail: String
}
