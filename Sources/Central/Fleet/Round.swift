package import Foundation
package import Logging
package import Wire

/// One pass over PoPs: push to all, wave after wave, and record how each went.
package struct Round: Sendable {
    package let store: FleetStore
    package let connector: any DaemonConnector

    /// Who is named in the generations that the round makes, and why.
    package let author: String
    package let reason: String

    /// The PoPs that may lose many tunnels at once.
    package var forced: Set<PoPName> = []

    /// The last wave that takes place.
    package var lastWave = Wave.all

    /// After how long a daemon takes back what nobody confirmed, whole seconds; nil as the policy says.
    package var confirm: Duration?

    /// The time to the next round, whole seconds: what is not confirmed is over by then.
    package var interval: Duration?

    /// How much later than the others a PoP may be visited.
    var jitter = Duration.zero

    /// What time the samples are for; nil for the time of each visit.
    var slot: Date?
    package let logger: Logger

    /// Where visits are counted; nil for nowhere.
    var figures: RoundFigures?

    /// Told how many PoPs of how many were visited.
    package var progress: (@Sendable (_ done: Int, _ count: Int) -> Void)?

    package init(
        store: FleetStore,
        connector: any DaemonConnector,
        author: String,
        reason: String,
        forced: Set<PoPName> = [],
        lastWave: Wave = Wave.all,
        confirm: Duration? = nil,
        interval: Duration? = nil,
        jitter: Duration = Duration.zero,
        slot: Date? = nil,
        logger: Logger,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) {
        self.store = store
        self.connector = connector
        self.author = author
        self.reason = reason
        self.forced = forced
        self.lastWave = lastWave
        self.confirm = confirm
        self.interval = interval
        self.jitter = jitter
        self.slot = slot
        self.logger = logger
        self.progress = progress
    }

    /// How one PoP went.
    package struct Outcome: Sendable {
        package let item: PushPlan.Item
        package let attempt: PushAttempt

        /// What the daemon reported; nil when it did not come that far.
        package var report: ReceivedReport?

        /// What it ran before the push; nil when it did not come that far.
        package var before: RunningConfiguration?

        /// What of its report was not believed, in words; nil when all was.
        package var doubts: String?

        /// Whether the daemon answered.
        let isReached: Bool

        /// Whether anybody tried to reach it.
        let isAsked: Bool

        /// Whether it did not do well with the push, and did not answer when that was to be taken back.
        var isUnhealthy = false

        /// Whether the round ended before anything was known of it.
        var isInterrupted = false

        /// Why the database does not know of it, or nil.
        package var recordingError: String?

        package var pop: PoP { self.item.pop }
    }

    /// Pushes to the PoPs that are named, or to all that are enabled.
    ///
    /// - Returns: One outcome a PoP, by name; a PoP that fails costs only itself.
    /// - Throws: ``RegistryError`` when the registry cannot be read or a name is of no PoP.
    package func run(only names: [PoPName] = []) async throws -> [Outcome] {
        let plan = try await PushPlan(of: self.store, only: names)
        await self.forgetStrangers()
        let policy = self.policy(of: plan)
        if let rejection = try await self.rejection() {
            return await self.visit(plan.items) {
                await PoPVisit($0, policy).look(rejection, through: self.connector)
            }
        }
        var outcomes: [Outcome] = []
        for (wave, items) in plan.waves where wave <= self.lastWave {
            let before = outcomes.count
            outcomes += await self.push(items, policy) { self.progress?(before + $0, plan.items.count) }
            if let trouble = self.trouble(in: outcomes, policy) {
                outcomes += await self.hold(plan, policy, outcomes, trouble)
                break
            }
        }
        return outcomes.sorted { $0.pop.name < $1.pop.name }
    }

    private func forgetStrangers() async {
        do {
            let count = try await self.store.samples.forgetStrangers()
            if count > 0 {
                self.logger.notice(
                    "removed the statistics of \(count.counted("tunnel")) that the registry does not have"
                )
            }
        } catch {
            self.logger.error(
                "the statistics of tunnels that the registry does not have could not be removed: \(error)"
            )
        }
    }

    /// Why nothing may be pushed to anybody, or nil.
    private func rejection() async throws -> String? {
        let problems = try await self.store.registry.violations()
        return problems.first.map { problem in
            "the database breaks \(problems.count) of its own rules, so nothing is pushed: \(problem) "
                + "(sixxs-central verify shows all)"
        }
    }

    private func policy(of plan: PushPlan) -> WavePolicy {
        var policy = plan.policy
        policy.confirm = self.confirm.map { Int($0.components.seconds) } ?? policy.confirm
        if let interval = self.interval {
            policy.confirm = min(policy.confirm, max(2, Int(interval.components.seconds) - 1))
        }
        policy.settle = min(policy.settle, max(0, policy.confirm - WavePolicy.confirmMargin))
        return policy
    }

    /// Pushes to PoPs until one is in trouble.
    private func push(
        _ items: [PushPlan.Item],
        _ policy: WavePolicy,
        done: (Int) -> Void
    ) async -> [Outcome] {
        var count = 0
        return await self.visit(items) {
            await self.push($0, policy)
        } goesOnAfter: { outcome in
            count += 1
            done(count)
            return self.trouble(in: [outcome], policy) == nil
        }
    }

    private func push(_ item: PushPlan.Item, _ policy: WavePolicy) async -> Outcome {
        let visit = PoPVisit(item, policy, isForced: self.forced.contains(item.pop.name))
        if let hold = item.history.hold, hold.generation == nil {
            let reason = "\(hold.words(for: item.pop.name)), and nothing was ever confirmed"
            return await visit.look(reason, through: self.connector)
        }
        if let patched = item.patched,
            let outcome = await visit.keep(patched.digests, of: patched.generation, through: self.connector)
        {
            return outcome
        }
        do {
            return await visit.push(try await self.generation(for: item), through: self.connector)
        } catch {
            return visit.failed(nil, error)
        }
    }

    /// Visits PoPs, and records how each went.
    private func visit(
        _ items: [PushPlan.Item],
        _ visit: @escaping @Sendable (PushPlan.Item) async -> Outcome,
        goesOnAfter: (Outcome) -> Bool = { _ in true }
    ) async -> [Outcome] {
        await boundedConcurrency(
            over: items,
            { item in
                // Cancelled: the visit looks.
                try? await Task.sleep(for: self.jitter * Double.random(in: 0...1))
                var outcome = await visit(item)
                self.log(outcome)
                if !outcome.isInterrupted { self.figures?.count(outcome.attempt) }
                // What was known before stays: the centre's end says nothing of the PoP.
                guard !outcome.isInterrupted else { return outcome }
                outcome.recordingError = await self.record(outcome)
                return outcome
            },
            goesOnAfter: goesOnAfter
        )
    }

    /// What a PoP is to have: what it is held on, or what the registry says.
    private func generation(for item: PushPlan.Item) async throws -> Generation {
        if let number = item.history.hold?.generation {
            return try await self.store.rounds.generation(number, of: item.pop.id)
        }
        do {
            let rendering = try item.rendering.get()
            return try await self.store.rounds.generation(
                of: rendering,
                author: self.author,
                reason: self.reason
            )
        } catch let error as Configuration.Conflict {
            throw RegistryError.refused(
                "the registry contains something that a daemon would refuse, \(error.subject): \(error)"
            )
        }
    }
}

extension Round {
    /// What ends a wave early: a daemon that did not do well with a push, or, where changes are watched, one
    /// that was lost after it.
    private func trouble(in outcomes: [Outcome], _ policy: WavePolicy) -> String? {
        let culprit = outcomes.first { outcome in
            guard outcome.item.isChange, outcome.isAsked else { return false }
            return outcome.attempt.outcome == .rolledBack || outcome.isUnhealthy
                || policy.settle > 0 && outcome.attempt.outcome == .failed && outcome.before != nil
        }
        return culprit.map { "\($0.pop.name): \($0.attempt.detail)" }
    }

    /// Keeps the PoPs that a wave has not come to, and those where it went wrong, on what they have.
    ///
    /// - Returns: How the former do.
    private func hold(
        _ plan: PushPlan,
        _ policy: WavePolicy,
        _ outcomes: [Outcome],
        _ trouble: String
    ) async -> [Outcome] {
        let reason = "the change was stopped after it failed at \(trouble)"
        let good = Set(outcomes.filter(\.attempt.outcome.isSuccess).map(\.pop.id))
        let seen = Set(outcomes.map(\.pop.id))
        let behind = plan.items.filter { $0.isChange && !good.contains($0.pop.id) }
        self.logger.error(
            "\(reason); \(behind.count.counted("PoP")) held: release them with sixxs-central unhold"
        )
        let error = await self.recording("the hold") {
            try await self.store.rounds.hold(
                behind.map { ($0.pop.id, $0.history.confirmedGeneration) },
                by: self.author,
                reason
            )
            try await self.store.rounds.record([
                FleetEvent(time: Date(), popID: nil, kind: .halted, detail: reason)
            ])
        }
        let unseen = behind.filter { !seen.contains($0.pop.id) }
        let looks = await self.visit(unseen) {
            await PoPVisit($0, policy).look(reason, through: self.connector)
        }
        return looks.map { look in
            var look = look
            look.recordingError = error ?? look.recordingError
            return look
        }
    }

    /// - Returns: Why it could not be recorded, or nil.
    private func record(_ outcome: Outcome) async -> String? {
        let slot = self.slot
        // A task of its own: what happened is recorded even when the round was cancelled.
        return await Task {
            await self.recording("the outcome of \(outcome.pop.name)") {
                try await self.store.rounds.record(VisitRecord(outcome))
                if let report = outcome.report {
                    let time = slot ?? outcome.attempt.started
                    let changes = try await self.store.samples.record(report, of: outcome.pop.id, at: time)
                    try await self.store.rounds.record(changes)
                } else if let doubts = outcome.doubts {
                    try await self.store.samples.record(
                        doubts: doubts,
                        of: outcome.pop.id,
                        at: outcome.attempt.started
                    )
                }
                try await self.noteDoubts(outcome)
            }
        }.value
    }

    /// A PoP that says what cannot be may say it in every round: it is told once a day.
    private func noteDoubts(_ outcome: Outcome) async throws {
        guard let doubts = outcome.doubts else { return }
        let event = FleetEvent(
            time: outcome.attempt.started,
            popID: outcome.pop.id,
            kind: .doubted,
            detail: doubts
        )
        guard try await self.store.rounds.recordDaily(event) else { return }
        self.logger.warning("\(outcome.pop.name): doubtful report: \(doubts)")
    }

    private func recording(_ what: String, _ body: @Sendable () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            self.logger.error("\(what) could not be recorded: \(error)")
            return "\(what) could not be recorded: \(error)"
        }
    }

    private func log(_ outcome: Outcome) {
        let attempt = outcome.attempt
        let line = "\(outcome.pop.name): \(attempt.detail) (\(attempt.duration.inSeconds))"
        guard !outcome.isInterrupted else { return self.logger.notice("\(line)") }
        switch attempt.outcome {
        case .applied, .unchanged: self.logger.info("\(line)")
        case .stopped: self.logger.warning("\(line)")
        case .failed, .rolledBack: self.logger.error("\(line)")
        }
    }
}
