internal import Foundation

/// What is written down of a visit, all of it or nothing.
struct VisitRecord: Hashable, Sendable {
    let attempt: PushAttempt

    /// Whether anybody tried to reach the PoP.
    let isAsked: Bool

    /// What is known of a PoP that could not be reached; nil for one that answered.
    let circuit: Circuit?
    let events: [FleetEvent]
}

extension VisitRecord {
    init(_ outcome: Round.Outcome) {
        let attempt = outcome.attempt
        self.attempt = attempt
        self.isAsked = outcome.isAsked
        self.circuit =
            outcome.isReached || !outcome.isAsked
            ? nil
            : Circuit(
                after: outcome.item.past.circuit,
                failedAt: attempt.started,
                reason: attempt.detail,
                jitter: .random(in: -1...1)
            )
        self.events = outcome.item.past.events(until: outcome)
    }
}
