package import Foundation
package import Wire

/// One row of the fleet's status: what the registry wants of a PoP and what is known of it.
package struct PoPStatus: Hashable, Sendable {
    package let pop: PoP
    package let history: PoPHistory

    /// How many tunnels the registry gives it.
    package let registered: Int

    /// What a live question answered; nil when none was asked.
    package var live: Result<ReceivedReport, ConnectionFailure>?

    /// When the live question was answered; nil when none was.
    package var asked: Date?

    init(pop: PoP, history: PoPHistory, registered: Int) {
        self.pop = pop
        self.history = history
        self.registered = registered
    }

    /// Whether the last attempt to speak to it succeeded; nil when there was none.
    package var isReachable: Bool? {
        switch self.live {
        case .success: true
        case .failure: false
        case nil: self.history.pushes.map { _ in self.history.breaker == nil }
        }
    }

    /// What its daemon said last, whenever that was; nil when it never reported.
    package var latest: PoPSample? {
        if case .success(let report) = self.live, let asked = self.asked {
            return PoPSample(report, at: asked)
        }
        return self.history.sample.flatMap { $0.isOfReport ? $0 : nil }
    }

    /// Whether what its daemon said last may be told as what is: it could be reached the last time, and that is no longer ago
    /// than a visit may be late.
    package func isCurrent(at now: Date, within limit: TimeInterval = FleetVerdict.Limits().overdue) -> Bool {
        guard self.isReachable != false, let latest = self.latest else { return false }
        return (-60...self.longestPause(limit)).contains(now.timeIntervalSince(latest.time))
    }

    /// After how long a visit is overdue, in seconds: a PoP that is visited less often than others is late later.
    func longestPause(_ limit: TimeInterval) -> TimeInterval {
        max(limit, Double(self.pop.pollInterval) * 2.5)
    }

    /// How many of the registry's tunnels are up; nil when nobody knows.
    package func tunnelsUp(at now: Date, within limit: TimeInterval = FleetVerdict.Limits().overdue) -> Int? {
        guard self.isCurrent(at: now, within: limit) else { return nil }
        return self.latest?.online.map { min($0, self.registered) }
    }

    /// The generation that the PoP is to run: the one it is held on, or the newest; nil when there is none yet.
    package var wantedGeneration: Int? {
        self.history.hold.map(\.generation) ?? self.history.latestGeneration
    }

    /// Whether the registry may say something else by now than the newest generation, so that the next push makes another.
    package var isRegistryNewer: Bool { self.history.hold == nil && !self.history.isUpToDate }

    /// Whether the daemon runs what the registry has now; nil before the first push, and while nobody can know.
    package var isInSync: Bool? {
        guard self.isReachable != false, let confirmed = self.history.pushes?.confirmedDigest else {
            return nil
        }
        let running = self.latest?.digest ?? confirmed
        return self.history.isAsConfirmed(running) && confirmed == self.history.latestDigest
            && self.history.isUpToDate
    }

    /// By how much its clock is wrong, in words, when that is more than so many seconds.
    package func clockError(beyond limit: Int = FleetVerdict.Limits().clockSkew) -> String? {
        guard let skew = self.latest?.clockSkew, skew.magnitude > limit else { return nil }
        return "\(skew.magnitude) s \(skew > 0 ? "fast" : "slow")"
    }

    /// The worst that monitoring says of it; fine for one that is not enabled.
    package func level(at now: Date) -> FleetVerdict.Level {
        guard self.pop.isEnabled else { return .ok }
        return PoPVerdict(self, now: now, limits: FleetVerdict.Limits()).findings.map(\.level).max() ?? .ok
    }

    /// What monitoring says of it, the worst first, a sentence each without its name; nothing of one that is not enabled.
    package func findings(at now: Date) -> [String] {
        guard self.pop.isEnabled else { return [] }
        return PoPVerdict(self, now: now, limits: FleetVerdict.Limits()).findings
            .sorted { $0.level > $1.level }.map(\.text)
    }

    /// What of its last report was not believed, in words; nil when all was.
    package var doubts: String? {
        switch self.live {
        case .success(let report): report.doubts.words
        case .failure: nil
        case nil: self.history.sample?.doubts
        }
    }

    /// What of its kernel is wrong and its daemon can't put back, in the daemon's words.
    package var faults: [String] {
        switch self.live {
        case .success(let report): report.kernel?.faults ?? []
        case .failure: []
        case nil: self.history.sample?.faults ?? []
        }
    }

    /// Why the last attempt failed.
    package var error: String? {
        if case .failure(let failure) = self.live { return failure.message(for: self.pop.name) }
        guard self.live == nil, let last = self.history.pushes?.last, !last.outcome.isSuccess else {
            return nil
        }
        return last.detail
    }
}

/// The fleet as the store knows it.
package struct FleetStatus: Sendable {
    package var pops: [PoPStatus]

    /// Reads the PoPs that are named, or all.
    ///
    /// - Throws: ``RegistryError`` when a name is of no PoP or the store cannot be read.
    package init(from store: FleetStore, only names: [PoPName]) async throws {
        let snapshot = try await store.registry.snapshot(of: .infrastructure)
        let histories = try await store.rounds.histories()
        let tunnels = try await store.registry.tunnelCounts(by: .pop)
        let pops = names.isEmpty ? snapshot.pops : try snapshot.selection(names)
        self.pops = pops.map { pop in
            PoPStatus(
                pop: pop,
                history: histories[pop.id] ?? PoPHistory(),
                registered: tunnels[pop.name.description] ?? 0
            )
        }
    }

    /// Asks every enabled daemon for its report.
    ///
    /// - Throws: ``RegistryError`` when the store cannot be read.
    package mutating func askDaemons(
        of store: FleetStore,
        through connector: some DaemonConnector,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws {
        let expectations = try await store.reportExpectations()
        let enabled = self.pops.indices.filter { self.pops[$0].pop.isEnabled }
        let answers = await connector.ask(enabled.map { self.pops[$0].pop }, progress: progress) {
            pop,
            session throws(ConnectionFailure) in
            try ReceivedReport(of: pop, asking: session, expectations)
        }
        let now = Date()
        for (index, answer) in zip(enabled, answers) {
            self.pops[index].live = answer
            self.pops[index].asked = now
        }
    }
}

extension PoPSample {
    /// What a daemon said just now.
    init(_ report: ReceivedReport, at time: Date) {
        self.init(
            time: time,
            instance: report.instance,
            version: report.version,
            uptime: report.uptime,
            clockSkew: report.skew(from: Int64(saturating: time.timeIntervalSince1970)),
            generation: report.generation,
            digest: report.digest,
            online: report.totals.online,
            active: report.totals.active,
            configured: report.totals.configured,
            errors: report.errorCount,
            rxPackets: report.totals.rxPackets,
            rxBytes: report.totals.rxBytes,
            txPackets: report.totals.txPackets,
            txBytes: report.totals.txBytes,
            mended: report.kernel?.mended,
            faults: report.kernel?.faults ?? [],
            doubts: report.doubts.words
        )
    }

    /// Whether a report stands behind it, and not only words about one that never came.
    fileprivate var isOfReport: Bool {
        self.instance != nil || self.uptime != nil || self.online != nil || self.digest != nil
    }
}
