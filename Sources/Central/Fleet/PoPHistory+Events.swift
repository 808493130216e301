internal import Foundation
internal import Wire

extension PoPHistory {
    /// What a visit shows to have happened since.
    package func events(until outcome: Round.Outcome) -> [FleetEvent] {
        let attempt = outcome.attempt
        func event(_ kind: FleetEvent.Kind, _ detail: String) -> FleetEvent {
            FleetEvent(time: attempt.started, popID: attempt.popID, kind: kind, detail: detail)
        }
        var events: [FleetEvent] = []
        if outcome.isAsked, outcome.isReached != self.wasReached {
            events.append(event(outcome.isReached ? .reachable : .unreachable, attempt.detail))
        }
        if let report = outcome.report, let instance = report.instance, let before = self.sample?.instance,
            instance != before
        {
            let age = report.uptime.map { "\($0) s ago" } ?? "at an unknown time"
            let detail = "the daemon started \(age), version \(report.version ?? "unknown")"
            events.append(event(.restarted, detail))
        }
        if let before = outcome.before, self.isDrift(before) {
            let detail =
                "it ran generation \(before.generation) sha256 \(before.digest), not what it confirmed last"
            events.append(event(.drifted, detail))
        }
        if attempt.outcome == .rolledBack || outcome.isUnhealthy {
            events.append(event(.rolledBack, attempt.detail))
        }
        if attempt.outcome == .stopped, self.pushes?.last.detail != attempt.detail {
            events.append(event(.stopped, attempt.detail))
        }
        return events
    }

    /// Whether it answered the last time; nil before the first.
    private var wasReached: Bool? { self.pushes.map { _ in self.breaker == nil } }

    /// Whether a daemon runs something that the centre did not give it last; the newest generation may wait to
    /// be confirmed since a centre that ended in the middle of a round.
    func isDrift(_ running: RunningConfiguration) -> Bool {
        guard self.pushes?.confirmedDigest != nil else { return false }
        return !self.isAsConfirmed(running.digest) && running.digest != self.latestDigest
    }
}
