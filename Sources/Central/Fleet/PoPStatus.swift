internal import Foundation
package import Wire

/// One row of the fleet's status: what the registry wants of a PoP and what is known of it.
package struct PoPStatus: Hashable, Sendable {
    package let pop: PoP
    package let history: PoPHistory

    /// What a live question answered; nil when none was asked.
    package var live: Result<ReceivedReport, ConnectionFailure>?

    /// Whether the last attempt to speak to it succeeded; nil when there was none.
    package var isReachable: Bool? {
        switch self.live {
        case .success: true
        case .failure: false
        case nil: self.history.pushes.map { _ in self.history.breaker == nil }
        }
    }

    /// Whether the daemon confirmed what the registry has now; nil before the first push.
    package var isInSync: Bool? {
        self.history.pushes?.confirmedDigest.map {
            $0 == self.history.latestDigest && self.history.isUpToDate
        }
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
        let pops = names.isEmpty ? snapshot.pops : try snapshot.selection(names)
        self.pops = pops.map { PoPStatus(pop: $0, history: histories[$0.id] ?? PoPHistory()) }
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
        for (index, answer) in zip(enabled, answers) { self.pops[index].live = answer }
    }
}
