internal import Foundation
package import Logging
internal import Synchronization
internal import Wire

/// Brings endpoints that users' routers told to their PoPs, between rounds and within seconds.
///
/// What comes within a second goes to a PoP together. One that does not take it is tried again with growing pauses; the
/// next round's full text agrees with it in any case.
package struct EndpointDispatch: Sendable {
    let store: FleetStore
    let connector: any DaemonConnector
    let author: String
    let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = State()

    package init(
        store: FleetStore,
        connector: any DaemonConnector,
        author: String,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.store = store
        self.connector = connector
        self.author = author
        self.logger = logger
        self.now = now
    }

    /// When a PoP is tried next, and how often it failed in a row.
    private struct Wait {
        var at: ContinuousClock.Instant
        var failures = 0
    }

    private final class State: Sendable {
        struct Content {
            var newest: Int64 = 0
            var waits: [Int: Wait] = [:]
            var running: Set<Int> = []
            /// Whether all PoPs with changes of late are to be looked at, since a round may have taken them back.
            var rechecks = true
            /// When old wishes were forgotten last.
            var forgot: ContinuousClock.Instant?
        }

        let content = Mutex(Content())
    }

    /// How many PoPs are spoken to at once.
    private static let most = 32

    /// Between two times that old wishes are forgotten.
    private static let upkeep = Duration.seconds(60)

    /// How far back changes are looked at again after a round, in seconds: longer than any round takes.
    private static let recent: TimeInterval = 3600

    /// Has all PoPs with changes of late looked at again: a round that was planned before a change brings the old endpoint.
    func recheck() { self.state.content.withLock { $0.rechecks = true } }

    /// Works until it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for popID in await self.due() {
                    group.addTask { await self.visit(popID) }
                }
                // Cancelled: the loop looks.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Looks what has changed, and brings it to all PoPs whose turn it is; for tests, and for the last time.
    func turn() async {
        for popID in await self.due() { await self.visit(popID) }
    }

    /// The PoPs that are to be visited now; they count as being visited from here on.
    private func due() async -> [Int] {
        do { try await self.look() } catch {
            self.logger.error("cannot see which endpoints have changed: \(error)")
        }
        let now = self.now()
        return self.state.content.withLock { content in
            let due = content.waits.filter { $0.value.at <= now && !content.running.contains($0.key) }
            let free = max(0, Self.most - content.running.count)
            let chosen = due.sorted { $0.value.at < $1.value.at }.prefix(free).map(\.key)
            content.running.formUnion(chosen)
            return chosen
        }
    }

    /// Applies wishes whose time has come, and notes which PoPs have changes.
    private func look() async throws {
        await self.forget()
        for number in try await self.store.endpoints.tunnelsThatWait() where !Task.isCancelled {
            await self.applyWaiting(number)
        }
        let (newest, rechecks) = self.state.content.withLock { ($0.newest, $0.rechecks) }
        var (popIDs, last) = try await self.store.endpoints.popsWithChanges(after: newest)
        if rechecks {
            let start = Date(timeIntervalSinceNow: -Self.recent)
            popIDs.formUnion(try await self.store.endpoints.popsWithChanges(since: start))
        }
        let (changed, now) = (popIDs, self.now())
        self.state.content.withLock { content in
            content.newest = last
            if rechecks { content.rechecks = false }
            // New changes do not wait for the pause after a failure to end, but the failures still count.
            for popID in changed { content.waits[popID, default: Wait(at: now)].at = now }
        }
    }

    /// A tunnel whose wish cannot be applied keeps no other from its turn.
    private func applyWaiting(_ number: TunnelNumber) async {
        do {
            try await self.store.registry.apply([.applyWaitingEndpoint(number)], by: self.author)
        } catch {
            self.logger.warning("\(number): the endpoint that waited is not applied: \(error)")
        }
    }

    /// Forgets old wishes now and then, whether anybody has new ones or not.
    private func forget() async {
        let now = self.now()
        let isDue = self.state.content.withLock { content in
            guard content.forgot.map({ now - $0 >= Self.upkeep }) ?? true else { return false }
            content.forgot = now
            return true
        }
        guard isDue else { return }
        do {
            try await self.store.endpoints.forgetOldRequests()
        } catch {
            self.logger.warning("old endpoint requests are not forgotten: \(error)")
        }
    }

    private func visit(_ popID: Int) async {
        let started = self.now()
        var ending = Ending.failed
        do {
            ending = try await self.send(to: popID)
        } catch {
            self.logger.error("PoP \(popID): endpoints are not changed yet: \(error)")
        }
        let end = ending
        let now = self.now()
        self.state.content.withLock { content in
            content.running.remove(popID)
            guard var wait = content.waits[popID] else { return }
            switch end {
            // What came while the PoP was spoken to has its turn.
            case .done: content.waits[popID] = wait.at > started ? Wait(at: now) : nil
            case .goesOn: content.waits[popID] = Wait(at: now)
            case .failed:
                wait.failures += 1
                wait.at = now + .seconds(min(60, 1 << min(wait.failures - 1, 6)))
                content.waits[popID] = wait
            }
        }
    }

    /// How a visit ended.
    private enum Ending {
        /// Nothing more is to be done before the next change, or the next round.
        case done
        /// There is more, for the next turn.
        case goesOn
        case failed
    }

    private func send(to popID: Int) async throws -> Ending {
        let snapshot = try await self.store.registry.snapshot(of: .infrastructure)
        guard let pop = snapshot.pop(popID), pop.isEnabled,
            let history = try await self.store.rounds.histories()[popID],
            let number = history.confirmedGeneration
        else { return .done }
        if let hold = history.hold {
            self.logger.notice(
                "\(pop.name): endpoints wait, since it is held since \(hold.since.iso8601) by \(hold.author)"
            )
            return .done
        }
        let changed = try await self.store.endpoints.changedTunnels(ofPoP: popID)
        let tunnels = try await self.store.registry.snapshot(of: .pop(pop.name)).tunnels.filter {
            changed.contains($0.number)
        }
        let states = try EndpointStates(
            try await self.store.rounds.generation(number, of: popID),
            try await self.store.endpoints.patchedStates(of: popID, on: number)
        )
        guard !states.isUnpatched || !states.generationHas(tunnels) else { return .done }
        do {
            let running = try await self.connector.converse(with: pop) { session throws(ConnectionFailure) in
                try RunningConfiguration(asking: session)
            }
            guard states.contains(running.digest) else { return self.otherConfiguration(at: pop) }
            guard let patch = try states.patch(from: running.digest, tunnels) else { return .done }
            return try await self.send(patch, to: pop)
        } catch let failure as ConnectionFailure {
            self.logger.warning(
                "\(pop.name): endpoints are not changed yet: \(failure.message(for: pop.name))"
            )
            return .failed
        }
    }

    private func send(_ patch: EndpointPatch, to pop: PoP) async throws -> Ending {
        guard patch.fits else {
            self.logger.notice("\(pop.name): more endpoints changed than fit a patch; they wait for a round")
            return .done
        }
        // Before it is sent: whatever becomes of the reply, the next round knows that this is none of a stranger's doing.
        // And after the PoP said what it runs: one that cannot be reached must not have that forgotten.
        try await self.store.endpoints.keep(patch.state, beside: patch.running)
        let result = try await self.connector.converse(with: pop) { session throws(ConnectionFailure) in
            try patch.send(session)
        }
        switch result {
        case .applied(let words):
            self.logger.info("\(pop.name): endpoints changed: \(words)")
            return patch.isWhole ? .done : .goesOn
        case .otherConfiguration: return self.otherConfiguration(at: pop)
        }
    }

    /// Only a round can make that right, or the end of one that is under way.
    private func otherConfiguration(at pop: PoP) -> Ending {
        self.logger.notice(
            "\(pop.name): runs another configuration than it confirmed; endpoints wait for a round"
        )
        return .failed
    }
}
