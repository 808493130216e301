package import Foundation
package import Wire

/// Something that happened to a PoP or to one of its tunnels.
package struct FleetEvent: Hashable, Sendable {
    /// What happened.
    package enum Kind: String, CaseIterable, Sendable {
        /// A PoP answers again, or for the first time.
        case reachable

        /// A PoP that answered does not any more.
        case unreachable

        /// The daemon's instance is another.
        case restarted

        /// The daemon ran another configuration than it had confirmed.
        case drifted

        /// A daemon reported what cannot be, or of tunnels that are not its own.
        case doubted = "not believed"

        /// A push was not made, since it would have taken too much away or the registry breaks its rules.
        case stopped

        /// A push was taken back.
        case rolledBack = "rolled back"

        /// A wave was ended early, so that the PoPs behind keep what they have.
        case halted

        /// A PoP is kept on what it has.
        case held

        /// A PoP follows the registry again.
        case released

        /// An operator knows of a PoP's trouble, and monitoring does not alarm for it.
        case acknowledged

        /// Monitoring alarms again.
        case unacknowledged = "not acknowledged"

        /// Another centre makes the rounds.
        case takeover = "taken over"

        case tunnelUp = "tunnel up"
        case tunnelDown = "tunnel down"

        /// Something happened many times within an hour; told to the operator's program only.
        case flapping
    }

    package let time: Date
    package let popID: Int?
    package var tunnel: TunnelNumber?
    package let kind: Kind
    package let detail: String
}
