internal import Central
internal import Foundation
internal import Wire

/// A PoP's status as `--json` prints it.
struct StatusDocument: Encodable, Sendable {
    /// The counts that `pop show status` prints as its total.
    struct Tunnels: Encodable, Hashable, Sendable {
        @ExplicitNull private(set) var up: Int?
        @ExplicitNull private(set) var active: Int?
        @ExplicitNull private(set) var configured: Int?
    }

    /// Octets since the daemon started.
    struct Traffic: Encodable, Hashable, Sendable {
        @ExplicitNull private(set) var fromUplink: Tally?
        @ExplicitNull private(set) var toUplink: Tally?
    }

    struct Push: Encodable, Hashable, Sendable {
        let time: String
        let outcome: String
        let detail: String
    }

    let pop: String
    let enabled: Bool
    @ExplicitNull private(set) var reachable: Bool?
    @ExplicitNull private(set) var generation: Int?
    @ExplicitNull private(set) var inSync: Bool?

    /// In seconds.
    @ExplicitNull private(set) var uptime: Int?
    @ExplicitNull private(set) var version: String?
    @ExplicitNull private(set) var tunnels: Tunnels?
    @ExplicitNull private(set) var traffic: Traffic?
    @ExplicitNull private(set) var lastPush: Push?
    @ExplicitNull private(set) var error: String?

    /// Why, since when and by whom it is kept on a generation.
    struct Held: Encodable, Hashable, Sendable {
        let since: String
        let by: String
        let reason: String
        @ExplicitNull private(set) var generation: Int?
    }

    /// Since when and why it cannot be reached, and when it is tried again.
    struct Failing: Encodable, Hashable, Sendable {
        let since: String
        let failures: Int
        let retryAt: String
        let reason: String

        /// Whether it has failed so often that it is no passing trouble.
        let open: Bool
    }

    @ExplicitNull private(set) var held: Held?

    /// Until when, by whom and why monitoring does not alarm for it.
    @ExplicitNull private(set) var acknowledged: AcknowledgementDocument?
    @ExplicitNull private(set) var failing: Failing?

    /// When its daemon last ran something that the centre had not given it.
    @ExplicitNull private(set) var lastDrift: String?

    /// By how much its clock is ahead of the centre's, in seconds.
    @ExplicitNull private(set) var clockSkew: Int?

    /// How often its daemon put back something of its kernel's, since its start.
    @ExplicitNull private(set) var kernelMended: Tally?

    /// What of its kernel is wrong and its daemon can't put back.
    let kernelFaults: [String]

    /// What of its last report was not believed, in words.
    @ExplicitNull private(set) var notBelieved: String?

    /// When the last push was, for ages.
    let lastPushTime: Date?

    private enum CodingKeys: String, CodingKey {
        case pop, enabled, reachable, generation, inSync, uptime, version, tunnels, traffic, lastPush, error,
            held, acknowledged,
            failing, lastDrift, clockSkew, kernelMended, kernelFaults, notBelieved
    }

    init(_ status: PoPStatus) {
        self.pop = status.pop.name.description
        self.enabled = status.pop.isEnabled
        self.reachable = status.isReachable
        self.generation = status.history.latestGeneration
        self.inSync = status.isInSync
        let report = try? status.live?.get()
        self.uptime = report?.uptime ?? status.history.sample?.uptime
        self.version = report?.version ?? status.history.sample?.version
        self.tunnels =
            report.map {
                Tunnels(up: $0.totals.online, active: $0.totals.active, configured: $0.totals.configured)
            }
            ?? status.history.sample.map {
                Tunnels(up: $0.online, active: $0.active, configured: $0.configured)
            }
        self.traffic =
            report.map { Traffic(fromUplink: $0.totals.rxBytes, toUplink: $0.totals.txBytes) }
            ?? status.history.sample.map { Traffic(fromUplink: $0.rxBytes, toUplink: $0.txBytes) }
        let last = status.history.pushes?.last
        self.lastPush = last.map {
            Push(time: $0.started.iso8601, outcome: $0.outcome.rawValue, detail: $0.detail)
        }
        self.lastPushTime = last?.started
        self.error = status.error
        self.held = status.history.hold.map(Held.init)
        let known = status.history.acknowledgement.flatMap { $0.isValid(at: Date()) ? $0 : nil }
        self.acknowledged = known.map(AcknowledgementDocument.init)
        self.failing = status.history.breaker.map(Failing.init)
        self.lastDrift = status.history.lastDrift?.iso8601
        self.clockSkew = status.history.sample?.clockSkew
        self.kernelMended = report.map(\.kernel?.mended) ?? status.history.sample?.mended
        self.kernelFaults = status.faults
        self.notBelieved = status.doubts
    }

    /// What an operator should know besides, a line each.
    var notes: [String] {
        var notes: [String] = []
        if let failing = self.failing, failing.open {
            notes.append(
                "not reached since \(failing.since), \(failing.failures) attempts, next at \(failing.retryAt): \(failing.reason)"
            )
        } else if let error = self.error {
            notes.append(error)
        }
        notes += self.kernelFaults.map { "fault in its kernel: \($0)" }
        if let notBelieved = self.notBelieved { notes.append("not believed: \(notBelieved)") }
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
                "ran another configuration than it had confirmed at \(lastDrift); the push healed it"
            )
        }
        return notes
    }
}

extension StatusDocument.Held {
    /// The same for people.
    var words: String {
        let generation = self.generation.map { "on generation \($0) " } ?? ""
        return "held \(generation)since \(self.since) by \(self.by): \(self.reason)"
    }

    init(_ hold: Hold) {
        self.init(
            since: hold.since.iso8601,
            by: hold.author,
            reason: hold.reason,
            generation: hold.generation
        )
    }
}

extension StatusDocument.Failing {
    init(_ breaker: CircuitBreaker) {
        self.init(
            since: breaker.since.iso8601,
            failures: breaker.failures,
            retryAt: breaker.retryAt.iso8601,
            reason: breaker.reason,
            open: breaker.isOpen
        )
    }
}
