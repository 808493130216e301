internal import Foundation
internal import Wire

/// One row of the fleet's status: what the registry wants of a PoP and what is known of it.
struct PoPStatus: Hashable, Sendable {
    let pop: PoP
    let past: PoPPast

    /// What a live question answered; nil when none was asked.
    var live: Result<ReceivedReport, ConnectionFailure>?

    /// Whether the last attempt to speak to it succeeded; nil when there was none.
    var isReachable: Bool? {
        switch self.live {
        case .success: true
        case .failure: false
        case nil: self.past.history.map { _ in self.past.circuit == nil }
        }
    }

    /// Whether the daemon confirmed what the registry has now; nil before the first push.
    var isInSync: Bool? {
        self.past.history?.confirmedDigest.map { $0 == self.past.latestDigest && self.past.isUpToDate }
    }

    /// What of its last report was not believed, in words; nil when all was.
    var doubts: String? {
        switch self.live {
        case .success(let report): report.doubts.words
        case .failure: nil
        case nil: self.past.sample?.doubts
        }
    }

    /// What of its kernel is wrong and its daemon can't put back, in the daemon's words.
    var faults: [String] {
        switch self.live {
        case .success(let report): report.kernel?.faults ?? []
        case .failure: []
        case nil: self.past.sample?.faults ?? []
        }
    }

    /// Why the last attempt failed.
    var error: String? {
        if case .failure(let failure) = self.live { return failure.message(for: self.pop.name) }
        guard self.live == nil, let last = self.past.history?.last, !last.outcome.isSuccess else {
            return nil
        }
        return last.detail
    }
}

/// The fleet as the store knows it.
struct FleetStatus: Sendable {
    var pops: [PoPStatus]

    /// Reads the PoPs that are named, or all.
    ///
    /// - Throws: ``RegistryError`` when a name is of no PoP or the store cannot be read.
    init(from store: any FleetStore, only names: [PoPName]) async throws {
        let snapshot = try await store.snapshot(of: .infrastructure)
        let pasts = try await store.pasts()
        let pops = names.isEmpty ? snapshot.pops : try snapshot.selection(names)
        self.pops = pops.map { PoPStatus(pop: $0, past: pasts[$0.id] ?? PoPPast()) }
    }

    /// Asks every enabled daemon for its report.
    ///
    /// - Throws: ``RegistryError`` when the store cannot be read.
    mutating func askDaemons(
        of store: some RegistryStore & RoundStore & SampleStore,
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
        for (index, answer) in zip(enabled, answers) { self.pops[index].live = answer }
    }
}

extension DaemonConnector {
    /// Holds the same conversation with several PoPs.
    ///
    /// - Returns: One answer a PoP, in their order.
    func ask<Answer: Sendable>(
        _ pops: [PoP],
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil,
        _ conversation: @escaping @Sendable (PoP, any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async -> [Result<Answer, ConnectionFailure>] {
        var done = 0
        return await Sweep.over(pops) { pop in
            do throws(ConnectionFailure) {
                return .success(
                    try await self.converse(with: pop) { session throws(ConnectionFailure) in
                        try conversation(pop, session)
                    }
                )
            } catch {
                return Result.failure(error)
            }
        } goesOnAfter: { _ in
            done += 1
            progress?(done, pops.count)
            return true
        }
    }
}

extension SampleStore where Self: RegistryStore & RoundStore {
    /// What the report of every PoP is judged by, by PoP id.
    ///
    /// - Throws: ``RegistryError`` when the store cannot be read.
    func reportExpectations() async throws -> [Int: ReportExpectation] {
        let tunnels = try await self.tunnelNumbers()
        let pasts = try await self.pasts()
        let pops = try await self.snapshot(of: .infrastructure).pops
        let expectations = pops.map { pop in
            ReportExpectation(
                popID: pop.id,
                popName: pop.name.description,
                tunnels: tunnels[pop.id] ?? [],
                earlierTunnels: pasts[pop.id]?.generationCapacity ?? 0
            )
        }
        return Dictionary(expectations.map { ($0.popID, $0) }) { first, _ in first }
    }
}

extension ReceivedReport {
    /// Asks the daemon of one of several PoPs, and believes only its own.
    ///
    /// - Throws: ``ConnectionFailure``.
    init(
        of pop: PoP,
        asking session: any DaemonSession,
        _ expectations: [Int: ReportExpectation]
    ) throws(ConnectionFailure) {
        let stranger = ReportExpectation(popID: pop.id, popName: pop.name.description, tunnels: [])
        self = try ReceivedReport(asking: session, expecting: expectations[pop.id] ?? stranger).believed()
    }
}
