internal import Foundation
package import Logging
internal import ServiceLifecycle
internal import Wire

/// Rounds, one after the other, until the program is asked to end.
///
/// Of several services on one database one makes the rounds; the others wait for its lease to end.
package struct RoundService: Service {
    package let round: Round
    package let schedule: RoundSchedule

    /// How long the others wait after the one that makes the rounds was killed.
    package let leaseDuration: Duration

    /// What tells the operator's program of events; nil when nobody is told.
    let teller: EventTeller?

    /// What brings changed endpoints to their PoPs between rounds; nil when nothing does.
    let dispatch: EndpointDispatch?
    package let logger: Logger

    init(
        round: Round,
        schedule: RoundSchedule,
        leaseDuration: Duration,
        teller: EventTeller? = nil,
        dispatch: EndpointDispatch? = nil,
        logger: Logger
    ) {
        self.dispatch = dispatch
        self.round = round
        self.schedule = schedule
        self.leaseDuration = leaseDuration
        self.teller = teller
        self.logger = logger
    }

    /// How long a round waits for a push by hand to end.
    private static let patience = Duration.seconds(60)

    package func run() async throws {
        let keeper = LeaseKeeper(
            store: self.round.store.rounds,
            lease: Lease(.serve, of: self.round.author),
            duration: self.leaseDuration,
            logger: self.logger
        )
        // The end of the service cancels what is under way: a push that is cut changes nothing on its PoP.
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled { await self.serve(keeper) }
        }
        self.logger.info("stopped")
    }

    /// Waits for the lease, then makes rounds until it is lost.
    private func serve(_ keeper: LeaseKeeper) async {
        do {
            let other = try await keeper.take(within: self.leaseDuration) { other in
                self.logger.notice("standing by: \(other.name) makes the rounds")
            }
            guard other == nil else { return }
            self.logger.notice("making the rounds")
            self.round.figures?.isServing(true)
            defer { self.round.figures?.isServing(false) }
            let event = FleetEvent(time: Date(), popID: nil, kind: .takeover, detail: keeper.lease.holder)
            try await self.round.store.rounds.record([event])
            try await keeper.keep {
                async let told: Void? = self.teller?.run()
                async let dispatched: Void? = self.dispatch?.run()
                await self.rounds()
                await told
                await dispatched
            }
        } catch is CancellationError {
        } catch {
            self.logger.error("cannot get the lease: \(error)")
            await Self.pause(until: Date(timeIntervalSinceNow: 1))
        }
    }

    private func rounds() async {
        var slot: Date?
        while !Task.isCancelled {
            await self.oneRound(at: slot)
            let next = self.schedule.next(after: Date())
            await self.retry(until: next)
            await Self.pause(until: next)
            slot = next
        }
    }

    /// Visits the PoPs whose turn it is; all of them when no time is given.
    private func oneRound(at slot: Date?) async {
        let started = ContinuousClock.now
        defer { self.dispatch?.recheck() }
        do {
            let pops = try await self.round.store.registry.snapshot(of: .infrastructure).pops.filter(
                \.isEnabled
            )
            let due = pops.filter { pop in slot.map { self.schedule.isDue(pop, at: $0) } ?? true }
            guard !due.isEmpty else { return self.logger.info("no PoP needs a visit") }
            var round = self.round
            round.slot = slot
            round.jitter = slot == nil ? .zero : self.schedule.jitter
            let outcomes = try await round.runAlone(
                only: due.count == pops.count ? [] : due.map(\.name),
                within: Self.patience
            )
            let failed = outcomes.count { !$0.attempt.outcome.isSuccess }
            let duration = ContinuousClock.now - started
            // A fleet of which nobody answers is not looked after.
            let isSuccess = failed < outcomes.count || outcomes.isEmpty
            self.round.figures?.countRound(duration, endedAt: isSuccess ? Date() : nil)
            self.logger.info(
                "round over \(outcomes.count.counted("PoP")): \(failed) failed (\(duration.inSeconds))"
            )
        } catch {
            self.logger.error("the round failed: \(error)")
        }
    }

    /// Tries PoPs that could not be reached again, as their pauses end, until the next round is near.
    private func retry(until next: Date) async {
        while !Task.isCancelled {
            guard let histories = try? await self.round.store.rounds.histories() else { return }
            let waiting = histories.compactMapValues(\.breaker?.retryAt).filter {
                $0.value < next.addingTimeInterval(-1)
            }
            guard let earliest = waiting.values.min() else { return }
            await Self.pause(until: earliest)
            guard !Task.isCancelled else { return }
            let due = Set(waiting.filter { $0.value <= earliest }.keys)
            do {
                let names = try await self.round.store.registry.snapshot(of: .infrastructure).pops
                    .filter { due.contains($0.id) && $0.isEnabled }.map(\.name)
                guard !names.isEmpty else { return }
                _ = try await self.round.runAlone(only: names, within: Self.patience)
            } catch {
                return self.logger.error("the PoPs that failed were not tried again: \(error)")
            }
        }
    }

    private static func pause(until time: Date) async {
        // Cancelled: the callers look.
        try? await Task.sleep(for: .seconds(max(0, time.timeIntervalSinceNow)))
    }
}
