package import Foundation

/// A PoP that could not be reached, and when it is tried again.
package struct CircuitBreaker: Hashable, Sendable {
    /// How many attempts failed, one after the other.
    package let failures: Int

    /// When the first of them failed.
    package let since: Date
    package let retryAt: Date
    package let reason: String

    /// From how many failures on a PoP is taken for gone.
    package static let limit = 3

    /// In seconds.
    private static let pauses = 15.0...600.0

    /// Whether the PoP has failed so often that it is not a passing trouble.
    package var isOpen: Bool { self.failures >= Self.limit }

    /// What one more failure makes of the past.
    ///
    /// Each pause is twice as long as the one before, give or take a quarter by the jitter, which is from -1 to 1: PoPs
    /// that failed together are not tried together for ever.
    init(after past: CircuitBreaker?, failedAt time: Date, reason: String, jitter: Double) {
        let failures = (past?.failures ?? 0) + 1
        let pause = min(
            Self.pauses.lowerBound * pow(2, Double(min(failures, 20) - 1)),
            Self.pauses.upperBound
        )
        self.init(
            failures: failures,
            since: past?.since ?? time,
            retryAt: time.addingTimeInterval(pause * (1 + jitter / 4)),
            reason: reason
        )
    }

    init(failures: Int, since: Date, retryAt: Date, reason: String) {
        self.failures = failures
        self.since = since
        self.retryAt = retryAt
        self.reason = reason
    }
}
