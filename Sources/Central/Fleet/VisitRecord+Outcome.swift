internal import Foundation

extension VisitRecord {
    init(_ outcome: Round.Outcome) {
        let attempt = outcome.attempt
        self.attempt = attempt
        self.isAsked = outcome.isAsked
        self.breaker =
            outcome.isReached || !outcome.isAsked
            ? nil
            : CircuitBreaker(
                after: outcome.item.history.breaker,
                failedAt: attempt.started,
                reason: attempt.detail,
                jitter: .random(in: -1...1)
            )
        self.events = outcome.item.history.events(until: outcome)
    }
}
