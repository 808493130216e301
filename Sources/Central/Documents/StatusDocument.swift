package import Foundation
package import Wire

/// A PoP's status as `--json` prints it.
package struct StatusDocument: Encodable, Sendable {
    package struct Tunnels: Encodable, Hashable, Sendable {
        /// Null while nobody knows: a PoP that cannot be reached has none of which it is known.
        @ExplicitNull package private(set) var up: Int?
        @ExplicitNull package private(set) var active: Int?

        /// How many were up when the daemon said it last.
        @ExplicitNull package private(set) var lastUp: Int?

        /// As the daemon said it last.
        @ExplicitNull package private(set) var configured: Int?

        /// How many the registry gives the PoP.
        package let registered: Int
    }

    /// Octets since the daemon started.
    package struct Traffic: Encodable, Hashable, Sendable {
        @ExplicitNull package private(set) var fromUplink: Tally?
        @ExplicitNull package private(set) var toUplink: Tally?
    }

    package struct Push: Encodable, Hashable, Sendable {
        package let time: String
        package let outcome: String
        package let detail: String
    }

    package let pop: String
    package let enabled: Bool
    @ExplicitNull package private(set) var reachable: Bool?

    /// OK, WARNING or CRITICAL, as `check` judges it.
    package let verdict: String

    /// When the daemon said what is told of it here.
    @ExplicitNull package private(set) var asOf: String?

    /// Whether that may be taken for what is now.
    package let current: Bool

    /// The newest generation there is.
    @ExplicitNull package private(set) var generation: Int?
    @ExplicitNull package private(set) var wantedGeneration: Int?
    @ExplicitNull package private(set) var runningGeneration: Int?

    /// Whether the registry changed since the newest generation was made.
    package let registryNewer: Bool
    @ExplicitNull package private(set) var inSync: Bool?

    /// In seconds.
    @ExplicitNull package private(set) var uptime: Int?
    @ExplicitNull package private(set) var version: String?
    package let tunnels: Tunnels
    @ExplicitNull package private(set) var traffic: Traffic?
    @ExplicitNull package private(set) var lastPush: Push?
    @ExplicitNull package private(set) var error: String?

    /// Why, since when and by whom it is kept on a generation.
    package struct Held: Encodable, Hashable, Sendable {
        package let since: String
        package let by: String
        package let reason: String
        @ExplicitNull package private(set) var generation: Int?
    }

    /// Since when and why it cannot be reached, and when it is tried again.
    package struct Failing: Encodable, Hashable, Sendable {
        package let since: String
        package let failures: Int
        package let retryAt: String
        package let reason: String

        /// Whether it has failed so often that it is no passing trouble.
        package let open: Bool
    }

    @ExplicitNull package private(set) var held: Held?

    /// Until when, by whom and why monitoring does not alarm for it.
    @ExplicitNull package private(set) var acknowledged: AcknowledgementDocument?
    @ExplicitNull package private(set) var failing: Failing?

    /// When its daemon last ran something that the centre had not given it.
    @ExplicitNull package private(set) var lastDrift: String?

    /// By how much its clock is ahead of the centre's, in seconds.
    @ExplicitNull package private(set) var clockSkew: Int?

    /// How often its daemon put back something of its kernel's, since its start.
    @ExplicitNull package private(set) var kernelMended: Tally?

    /// What of its kernel is wrong and its daemon can't put back.
    package let kernelFaults: [String]

    /// What of its last report was not believed, in words.
    @ExplicitNull package private(set) var notBelieved: String?

    /// In words, when that is too much.
    package let clockError: String?

    /// The worst that is known of it.
    package let level: FleetVerdict.Level

    /// For ages: when the last push was, and when its daemon reported.
    package let lastPushTime: Date?
    package let reportTime: Date?

    private enum CodingKeys: String, CodingKey {
        case pop, enabled, reachable, verdict, asOf, current, generation, wantedGeneration, runningGeneration,
            registryNewer, inSync, uptime, version, tunnels, traffic, lastPush, error, held, acknowledged,
            failing,
            lastDrift,
            clockSkew, kernelMended, kernelFaults, notBelieved
    }

    package init(_ status: PoPStatus, now: Date = Date()) {
        self.pop = status.pop.name.description
        self.enabled = status.pop.isEnabled
        self.reachable = status.isReachable
        self.level = status.level(at: now)
        self.verdict = self.level.word
        let latest = status.latest
        self.reportTime = latest?.time
        self.asOf = latest?.time.iso8601
        self.current = status.isCurrent(at: now)
        self.generation = status.history.latestGeneration
        self.wantedGeneration = status.wantedGeneration
        self.runningGeneration = latest?.generation
        self.registryNewer = status.isRegistryNewer
        self.inSync = status.isInSync
        self.uptime = latest?.uptime
        self.version = latest?.version
        self.tunnels = Tunnels(
            up: status.tunnelsUp(at: now),
            active: self.current ? latest?.active : nil,
            lastUp: latest?.online,
            configured: latest?.configured,
            registered: status.registered
        )
        self.traffic = latest.map { Traffic(fromUplink: $0.rxBytes, toUplink: $0.txBytes) }
        let last = status.history.pushes?.last
        self.lastPush = last.map(Push.init)
        self.lastPushTime = last?.started
        self.error = status.error
        self.held = status.history.hold.map(Held.init)
        let known = status.history.acknowledgement.flatMap { $0.isValid(at: Date()) ? $0 : nil }
        self.acknowledged = known.map(AcknowledgementDocument.init)
        self.failing = status.history.breaker.map(Failing.init)
        self.lastDrift = status.history.lastDrift?.iso8601
        self.clockSkew = latest?.clockSkew
        self.clockError = status.clockError()
        self.kernelMended = latest?.mended
        self.kernelFaults = status.faults
        self.notBelieved = status.doubts
    }

    /// Those that something is wrong with before the others, each by name.
    package static func worstFirst(_ rows: [StatusDocument]) -> [StatusDocument] {
        rows.sorted { ($1.level, $0.pop) < ($0.level, $1.pop) }
    }

    /// What an operator should know besides, a line each.
    package var notes: [String] {
        var notes: [String] = []
        if let failing = self.failing, failing.open {
            notes.append(
                "not reached since \(failing.since), \(failing.failures.counted("attempt")), next at \(failing.retryAt): \(failing.reason)"
            )
        } else if let error = self.error {
            notes.append(error)
        }
        if let clockError = self.clockError {
            notes.append("its clock is \(clockError): is a time service running there (timedatectl)?")
        }
        notes += self.kernelFaults.map { "fault in its kernel: \($0)" }
        if let notBelieved = self.notBelieved { notes.append("doubtful report: \(notBelieved)") }
        if let held = self.held {
            notes.append(held.words)
        }
        if let acknowledged = self.acknowledged {
            notes.append(
                "acknowledged until \(acknowledged.until) by \(acknowledged.by): \(acknowledged.reason)"
            )
        }
        if let lastDrift = self.lastDrift, let time = try? Date(lastDrift, strategy: .iso8601),
            (-60..<86400).contains(Date().timeIntervalSince(time))
        {
            notes.append(
                "ran another configuration than it had confirmed at \(lastDrift); the push corrected it"
            )
        }
        return notes
    }
}

extension StatusDocument.Push {
    package init(_ attempt: PushAttempt) {
        self.init(time: attempt.started.iso8601, outcome: attempt.outcome.rawValue, detail: attempt.detail)
    }
}

extension StatusDocument.Held {
    /// The same for people.
    package var words: String {
        let generation = self.generation.map { "on generation \($0) " } ?? ""
        return "held \(generation)since \(self.since) by \(self.by): \(self.reason)"
    }

    package init(_ hold: Hold) {
        self.init(
            since: hold.since.iso8601,
            by: hold.author,
            reason: hold.reason,
            generation: hold.generation
        )
    }
}

extension StatusDocument.Failing {
    package init(_ breaker: CircuitBreaker) {
        self.init(
            since: breaker.since.iso8601,
            failures: breaker.failures,
            retryAt: breaker.retryAt.iso8601,
            reason: breaker.reason,
            open: breaker.isOpen
        )
    }
}
