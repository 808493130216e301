internal import Foundation
internal import Wire

/// What is known of a PoP from before.
struct PoPPast: Hashable, Sendable {
    var history: PushHistory?
    var sample: PoPSample?
    var circuit: Circuit?
    var hold: Hold?

    /// The number of the newest generation that a daemon confirmed.
    var confirmedGeneration: Int?

    /// The newest generation, confirmed or not.
    var latestGeneration: Int?
    var latestDigest: String?

    /// Whether the registry still says what the newest generation says, as far as its list of changes shows.
    var isUpToDate = false

    /// When the daemon last ran something that the centre had not given it.
    var lastDrift: Date?

    /// How many tunnels the newest generation, and the one that was confirmed last, can have at most.
    var generationCapacity = 0

    /// How many errors a second its daemon counted since it started; 0 when nobody knows.
    var errorRate: Double {
        guard let errors = self.sample?.errors, let uptime = self.sample?.uptime, uptime > 0 else { return 0 }
        return Double(errors.value) / Double(uptime)
    }

    /// What a visit shows to have happened since.
    func events(until outcome: Round.Outcome) -> [FleetEvent] {
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
        if attempt.outcome == .rolledBack { events.append(event(.rolledBack, attempt.detail)) }
        if attempt.outcome == .stopped, self.history?.last.detail != attempt.detail {
            events.append(event(.stopped, attempt.detail))
        }
        return events
    }

    /// Whether it answered the last time; nil before the first.
    private var wasReached: Bool? { self.history.map { _ in self.circuit == nil } }

    /// Whether a daemon runs something that the centre did not give it last; the newest generation may wait to
    /// be confirmed since a centre that ended in the middle of a round.
    func isDrift(_ running: RunningConfiguration) -> Bool {
        guard let confirmed = self.history?.confirmedDigest else { return false }
        return running.digest != confirmed && running.digest != self.latestDigest
    }
}
