internal import Foundation
internal import Wire

/// What was known of a PoP before a visit.
struct PoPPast: Hashable, Sendable {
    let history: PushHistory?
    let sample: PoPSample?

    /// What a visit shows to have happened since.
    func events(until outcome: Round.Outcome) -> [FleetEvent] {
        var events: [FleetEvent] = []
        let attempt = outcome.attempt
        func note(_ kind: FleetEvent.Kind, _ detail: String) {
            events.append(FleetEvent(time: attempt.started, popID: attempt.popID, kind: kind, detail: detail))
        }
        let failedBefore = self.history.map { $0.last.outcome == .failed }
        if attempt.outcome == .failed {
            if failedBefore != true { note(.unreachable, attempt.detail) }
            return events
        }
        if failedBefore != false { note(.reachable, attempt.detail) }
        if let report = outcome.report, let sample = self.sample, report.instance != sample.instance {
            note(.restarted, "the daemon started \(report.uptime) s ago, version \(report.version)")
        }
        if let before = outcome.before, let confirmed = self.history?.confirmedDigest,
            before.digest != confirmed
        {
            note(
                .drifted,
                "it ran generation \(before.generation) sha256 \(before.digest), not what it confirmed last"
            )
        }
        return events
    }
}
