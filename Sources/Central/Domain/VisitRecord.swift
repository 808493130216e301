internal import Foundation

/// What is written down of a visit, all of it or nothing.
package struct VisitRecord: Hashable, Sendable {
    package let attempt: PushAttempt

    /// Whether anybody tried to reach the PoP.
    let isAsked: Bool

    /// What is known of a PoP that could not be reached; nil for one that answered.
    package let breaker: CircuitBreaker?
    package let events: [FleetEvent]
}
