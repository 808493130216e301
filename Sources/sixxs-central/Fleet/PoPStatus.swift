internal import Foundation
internal import Wire

/// One row of the fleet's status: what the registry wants of a PoP and what is known of it.
struct PoPStatus: Hashable, Sendable {
    let pop: PoP
    let history: PushHistory?
    let sample: PoPSample?

    /// The newest generation's number; nil before the first push.
    let generation: Int?

    /// Whether the daemon confirmed what the registry has now; nil before the first push.
    let isInSync: Bool?

    /// What a live question answered; nil when none was asked.
    var live: Result<PoPReport, ConnectionFailure>?

    /// Whether the last attempt to speak to it succeeded; nil when there was none.
    var isReachable: Bool? {
        switch self.live {
        case .success: true
        case .failure: false
        case nil: self.history.map { $0.last.outcome != .failed }
        }
    }

    /// Why the last attempt failed.
    var error: String? {
        if case .failure(let failure) = self.live { return failure.message(for: self.pop.name) }
        guard self.live == nil, let last = self.history?.last, last.outcome == .failed else { return nil }
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
        let snapshot = try await store.snapshot(of: .fleet)
        let renderer = ConfigurationRenderer(snapshot)
        let histories = try await store.pushHistories()
        let samples = try await store.latestSamples()
        let generations = try await store.latestGenerationNumbers()
        let pops = names.isEmpty ? snapshot.pops : try snapshot.selection(names)
        self.pops = pops.map { pop in
            let confirmed = histories[pop.id]?.confirmedDigest
            return PoPStatus(
                pop: pop,
                history: histories[pop.id],
                sample: samples[pop.id],
                generation: generations[pop.id],
                isInSync: confirmed.map { $0 == (try? renderer.render(pop.id))?.digest }
            )
        }
    }

    /// Asks every enabled daemon for its report, at most ``Round/width`` at once.
    mutating func askDaemons(through connector: some DaemonConnector) async {
        let answers = await withTaskGroup(of: (Int, Result<PoPReport, ConnectionFailure>).self) { group in
            var waiting = self.pops.enumerated().filter { $0.element.pop.isEnabled }.makeIterator()
            var answers: [(Int, Result<PoPReport, ConnectionFailure>)] = []
            func startNext() {
                guard let (index, status) = waiting.next() else { return }
                group.addTask { (index, await Self.report(of: status.pop, through: connector)) }
            }
            for _ in 0..<Round.width { startNext() }
            while let answer = await group.next() {
                answers.append(answer)
                startNext()
            }
            return answers
        }
        for (index, answer) in answers { self.pops[index].live = answer }
    }

    private static func report(
        of pop: PoP,
        through connector: some DaemonConnector
    ) async -> Result<PoPReport, ConnectionFailure> {
        do throws(ConnectionFailure) {
            let json = try await connector.converse(with: pop) { session throws(ConnectionFailure) in
                try ReportConversation.hold(session)
            }
            return .success(try ReportConversation.decode(json))
        } catch {
            return .failure(error)
        }
    }
}
