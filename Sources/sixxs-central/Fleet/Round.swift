internal import Foundation
internal import Logging
internal import Wire

/// One pass over PoPs: push to all at the same time, and record how each went.
struct Round: Sendable {
    let store: any FleetStore
    let connector: any DaemonConnector

    /// Who is named in the generations that the round makes, and why.
    let author: String
    let reason: String
    var massChange = MassChange.refused
    let logger: Logger

    /// How many PoPs are spoken to at once.
    static let width = 32

    /// How one PoP went.
    struct Outcome: Sendable {
        let pop: PoP
        let attempt: PushAttempt

        /// What the daemon reported; nil when it did not come that far.
        let report: PoPReport?

        /// What it ran before the push; nil when it did not come that far.
        let before: RunningConfiguration?
    }

    /// Pushes to the PoPs that are named, or to all that are enabled.
    ///
    /// - Returns: One outcome a PoP, by name; a PoP that fails costs only itself.
    /// - Throws: ``RegistryError`` when the registry cannot be read or a name is of no PoP.
    func run(only names: [PoPName] = []) async throws -> [Outcome] {
        let plan = try PushPlan(try await self.store.snapshot(of: .fleet), only: names)
        let histories = try await self.store.pushHistories()
        let samples = try await self.store.latestSamples()
        return await withTaskGroup(of: Outcome.self) { group in
            var waiting = plan.items.makeIterator()
            var outcomes: [Outcome] = []
            func startNext() {
                guard let item = waiting.next() else { return }
                let past = PoPPast(history: histories[item.pop.id], sample: samples[item.pop.id])
                group.addTask { await self.visit(item, past) }
            }
            for _ in 0..<Self.width { startNext() }
            while let outcome = await group.next() {
                outcomes.append(outcome)
                startNext()
            }
            return outcomes.sorted { $0.pop.name < $1.pop.name }
        }
    }

    private func visit(_ item: PushPlan.Item, _ past: PoPPast) async -> Outcome {
        let visit = PoPVisit(started: Date(), clock: .now, pop: item.pop)
        var outcome: Outcome
        do {
            outcome = try await self.push(item, visit)
        } catch {
            outcome = visit.failed(generation: nil, error)
        }
        self.log(outcome)
        let result = outcome
        // A task of its own: what happened is recorded even when the round was cancelled.
        await Task { await self.record(result, past) }.value
        return outcome
    }

    private func record(_ outcome: Outcome, _ past: PoPPast) async {
        do {
            try await self.store.record(outcome.attempt)
            try await self.store.record(past.events(until: outcome))
            if let report = outcome.report {
                try await self.store.record(report, of: outcome.pop.id, at: outcome.attempt.started)
            }
        } catch {
            self.logger.error("\(outcome.pop.name): the outcome could not be recorded: \(error)")
        }
    }

    private func push(_ item: PushPlan.Item, _ visit: PoPVisit) async throws -> Outcome {
        let rendering: Rendering
        do {
            rendering = try item.rendering.get()
        } catch {
            throw RegistryError.refused(
                "the registry holds what a daemon would refuse, \(error.subject): \(error)"
            )
        }
        let generation = try await self.store.generation(
            of: rendering,
            author: self.author,
            reason: self.reason
        )
        do {
            let conversation = PushConversation(generation: generation, massChange: self.massChange)
            let result = try await self.connector.converse(with: item.pop) {
                session throws(ConnectionFailure) in
                try conversation.hold(session)
            }
            return visit.succeeded(generation.number, result)
        } catch {
            return visit.failed(generation: generation.number, error)
        }
    }

    private func log(_ outcome: Outcome) {
        let attempt = outcome.attempt
        let duration = attempt.duration.inSeconds
        if attempt.outcome == .failed {
            self.logger.error("\(outcome.pop.name): \(attempt.detail) (after \(duration))")
        } else {
            self.logger.info("\(outcome.pop.name): \(attempt.detail) (\(duration))")
        }
    }
}

/// A visit to a PoP under way.
private struct PoPVisit: Sendable {
    let started: Date
    let clock: ContinuousClock.Instant
    let pop: PoP

    func succeeded(_ generation: Int, _ result: PushConversation.Result) -> Round.Outcome {
        var detail = result.reply
        var report: PoPReport?
        do throws(ConnectionFailure) {
            report = try ReportConversation.decode(try result.report.get())
        } catch {
            detail += "; but no report: \(error.message(for: self.pop.name))"
        }
        let attempt = self.attempt(generation, result.outcome, detail)
        return Round.Outcome(pop: self.pop, attempt: attempt, report: report, before: result.before)
    }

    func failed(generation: Int?, _ error: any Error) -> Round.Outcome {
        let detail = (error as? ConnectionFailure)?.message(for: self.pop.name) ?? "\(error)"
        return Round.Outcome(
            pop: self.pop,
            attempt: self.attempt(generation, .failed, detail),
            report: nil,
            before: nil
        )
    }

    private func attempt(_ generation: Int?, _ outcome: PushOutcome, _ detail: String) -> PushAttempt {
        PushAttempt(
            popID: self.pop.id,
            generation: generation,
            started: self.started,
            duration: .now - self.clock,
            outcome: outcome,
            detail: detail
        )
    }
}
