internal import Foundation
internal import Wire

/// What monitoring is told about one PoP.
struct PoPVerdict {
    /// Something that is not as it should be.
    struct Finding: Hashable, Sendable {
        let level: FleetVerdict.Level
        let pop: String
        let text: String
    }

    private let status: PoPStatus
    private let now: Date
    private let limits: FleetVerdict.Limits

    init(_ status: PoPStatus, now: Date, limits: FleetVerdict.Limits) {
        self.status = status
        self.now = now
        self.limits = limits
    }

    /// Everything that is wrong; one thing that alarms nobody where an operator knows of it.
    var findings: [Finding] {
        let troubles = self.troubles
        guard !troubles.isEmpty, let known = self.status.history.acknowledgement, known.isValid(at: self.now)
        else { return troubles }
        return [self.finding(.ok, "is \(known.words)")]
    }

    /// Everything that is wrong, or one thing when nothing else can be known.
    private var troubles: [Finding] {
        if case .failure(let failure) = self.status.live {
            return [
                self.finding(.critical, "cannot be reached: \(failure.message(for: self.status.pop.name))")
            ]
        }
        guard let history = self.status.history.pushes else {
            return [self.finding(.critical, "was never pushed to")]
        }
        if self.status.live == nil, let breaker = self.status.history.breaker {
            let since = HumanFormat.age(breaker.since, now: self.now)
            return [
                self.finding(
                    .critical,
                    "cannot be reached since \(since), \(breaker.failures.counted("attempt")): \(breaker.reason)"
                )
            ]
        }
        return [
            self.overdue(history), self.outcome(history), self.hold, self.lag, self.drift(history),
            self.restart,
            self.clock, self.tunnels, self.kernel, self.doubts,
        ].compactMap(\.self)
    }

    private func finding(_ level: FleetVerdict.Level, _ text: String) -> Finding {
        Finding(level: level, pop: self.status.pop.name.description, text: text)
    }

    private func overdue(_ history: PushHistory) -> Finding? {
        let age = self.now.timeIntervalSince(history.last.started)
        guard age >= -Self.tolerance else {
            return self.finding(
                .warning,
                "was last visited in the future: look at the clocks"
            )
        }
        let limit = self.status.longestPause(self.limits.overdue)
        guard age > limit else { return nil }
        return self.finding(
            age > 2 * limit ? .critical : .warning,
            "was last visited \(Int64(saturating: age)) s ago, expected within \(Int64(saturating: limit)) s"
        )
    }

    private func outcome(_ history: PushHistory) -> Finding? {
        switch history.last.outcome {
        case .applied, .unchanged: nil
        case .stopped:
            self.status.history.hold == nil
                ? self.finding(.warning, "is not pushed to: \(history.last.detail)") : nil
        case .failed, .rolledBack: self.finding(.critical, history.last.detail)
        }
    }

    private var hold: Finding? {
        self.status.history.hold.map { self.finding(.warning, $0.words(for: self.status.pop.name)) }
    }

    private var lag: Finding? {
        let history = self.status.history
        guard history.hold == nil, let confirmed = history.confirmedGeneration,
            let latest = history.latestGeneration,
            confirmed < latest
        else { return nil }
        return self.finding(.warning, "runs generation \(confirmed) of \(latest)")
    }

    private func drift(_ history: PushHistory) -> Finding? {
        if let running = self.status.latest?.digest, history.confirmedDigest != nil,
            !self.status.history.isAsConfirmed(running)
        {
            return self.finding(.warning, "runs another configuration than it confirmed")
        }
        guard let drift = self.status.history.lastDrift, self.isRecent(drift) else { return nil }
        return self.finding(
            .warning,
            "ran another configuration than it confirmed \(HumanFormat.age(drift, now: self.now)); the push corrected it"
        )
    }

    private var restart: Finding? {
        guard let sample = self.status.latest, let uptime = sample.uptime else { return nil }
        let start = sample.time.addingTimeInterval(-Double(uptime))
        return self.isRecent(start)
            ? self.finding(.warning, "restarted \(HumanFormat.age(start, now: self.now))") : nil
    }

    /// What keeps packets from being forwarded is as bad as a tunnel that is down.
    private var kernel: Finding? {
        self.status.faults.inBrief.map {
            self.finding(.critical, "has a fault in its kernel: \($0)")
        }
    }

    private var doubts: Finding? {
        self.status.doubts.map { self.finding(.warning, "sends a doubtful report: \($0)") }
    }

    /// What a clock that was ahead stamped is not recent until that time comes.
    private func isRecent(_ time: Date) -> Bool {
        (-Self.tolerance..<self.limits.recent).contains(self.now.timeIntervalSince(time))
    }

    /// By how much a time may be still to come, in seconds: two hosts on one database.
    private static let tolerance = 60.0

    private var clock: Finding? {
        self.status.clockError(beyond: self.limits.clockSkew).map { error in
            let isCritical = self.status.clockError(beyond: self.limits.criticalClockSkew) != nil
            return self.finding(isCritical ? .critical : .warning, "has a clock that is \(error)")
        }
    }

    private var tunnels: Finding? {
        let registered = self.status.registered
        guard let online = self.status.tunnelsUp(at: self.now, within: self.limits.overdue),
            registered >= max(1, self.limits.smallPoP)
        else { return nil }
        let percent = Double(online) * 100 / Double(registered)
        let text = "has \(online) of \(registered) tunnels up"
        if self.limits.critical?.alerts(percent) == true { return self.finding(.critical, text) }
        return self.limits.warning?.alerts(percent) == true ? self.finding(.warning, text) : nil
    }
}
