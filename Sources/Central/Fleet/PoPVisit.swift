internal import Foundation
internal import Wire

/// One PoP's part of a round: push, watch, confirm or take back.
struct PoPVisit: Sendable {
    let item: PushPlan.Item
    let policy: WavePolicy

    /// Whether the push may take away many tunnels at once.
    let isForced: Bool

    /// When it began, for the record and for the clock.
    let started = Date()
    private let clock = ContinuousClock.now

    init(_ item: PushPlan.Item, _ policy: WavePolicy, isForced: Bool = false) {
        self.item = item
        self.policy = policy
        self.isForced = isForced
    }

    /// How long the words of a visit may be, in octets: part of them is what the daemon says, and they are kept for weeks.
    private static let longestDetail = 1000

    /// How often a daemon that has a push on trial is tried before its silence counts.
    private static let confirmAttempts = 4

    /// Asks a daemon how it does, and sends it nothing; the reason is why.
    func look(_ reason: String, through connector: any DaemonConnector) async -> Round.Outcome {
        do throws(ConnectionFailure) {
            let result = try await connector.converse(with: self.item.pop) {
                session throws(ConnectionFailure) in
                PushConversation.Result(
                    before: try RunningConfiguration(asking: session),
                    report: Result { () throws(ConnectionFailure) in
                        try ReceivedReport(asking: session, expecting: self.item.reportExpectation)
                    },
                    push: .stopped(reason)
                )
            }
            return self.outcome(.stopped, nil, reason, result)
        } catch {
            return self.failed(nil, error)
        }
    }

    /// Leaves a daemon alone that runs a generation with endpoints that were changed since, as it is to.
    ///
    /// - Parameters:
    ///   - digests: What that may be.
    ///   - generation: The number that the daemon gives it.
    ///   - connector: The way to the daemon.
    /// - Returns: Nil for a daemon that runs something else, and is to be pushed to.
    func keep(
        _ digests: Set<String>,
        of generation: Int,
        through connector: any DaemonConnector
    ) async -> Round.Outcome? {
        do throws(ConnectionFailure) {
            let result = try await connector.converse(with: self.item.pop) {
                session throws(ConnectionFailure) -> PushConversation.Result? in
                let before = try RunningConfiguration(asking: session)
                guard before.generation == generation, digests.contains(before.digest) else { return nil }
                return PushConversation.Result(
                    before: before,
                    report: Result { () throws(ConnectionFailure) in
                        try ReceivedReport(asking: session, expecting: self.item.reportExpectation)
                    },
                    push: .unchanged("generation \(generation) unchanged but for endpoints")
                )
            }
            guard let result, case .unchanged(let words) = result.push else { return nil }
            return self.outcome(.unchanged, generation, words, result)
        } catch {
            return self.failed(nil, error)
        }
    }

    /// Pushes a generation and sees it through.
    func push(_ generation: Generation, through connector: any DaemonConnector) async -> Round.Outcome {
        let note = TakeBackNote()
        let conversation = PushConversation(
            pop: self.item.pop.name,
            generation: generation,
            expectation: self.item.reportExpectation,
            massChange: self.isForced || self.item.history.hold != nil
                ? nil : MassChangeGuard(enabled: self.item.enabled),
            confirm: self.policy.confirm,
            endsLostTrials: self.policy.settle > 0 && self.item.isChange,
            note: note
        )
        do throws(ConnectionFailure) {
            let result = try await connector.converse(with: self.item.pop) {
                session throws(ConnectionFailure) in try conversation.hold(session)
            }
            switch result.push {
            case .unchanged(let reply): return self.outcome(.unchanged, generation.number, reply, result)
            case .stopped(let rejection): return self.outcome(.stopped, generation.number, rejection, result)
            case .onTrial(let reply): return await self.confirm(generation, reply, result, connector)
            }
        } catch {
            return self.failed(generation, error, takingBack: note.reason)
        }
    }

    /// Watches the daemon, then speaks to it over a new connection.
    private func confirm(
        _ generation: Generation,
        _ reply: String,
        _ pushed: PushConversation.Result,
        _ connector: any DaemonConnector
    ) async -> Round.Outcome {
        let conversation = ConfirmConversation(
            generation: generation,
            health: self.item.history.hold == nil ? self.health : nil,
            expectation: self.item.reportExpectation,
            before: try? pushed.report.get(),
            since: .now,
            note: TakeBackNote()
        )
        try? await Task.sleep(for: .seconds(self.policy.settle))
        do throws(ConnectionFailure) {
            switch try await self.persistently({ () async throws(ConnectionFailure) in
                try await connector.converse(with: self.item.pop) { session throws(ConnectionFailure) in
                    try conversation.hold(session)
                }
            }) {
            case .confirmed(let report):
                return self.outcome(.applied, generation.number, reply, pushed, after: report)
            case .rolledBack(let failure):
                let detail = "generation \(generation.number) was rolled back: \(failure)"
                return self.outcome(.rolledBack, generation.number, detail, pushed)
            }
        } catch {
            let cause =
                conversation.note.reason.map { "was to be rolled back, since \($0), and that failed" }
                ?? "was pushed but not confirmed"
            let detail =
                "generation \(generation.number) \(cause), so that the daemon rolls it back by itself "
                + "within \(self.policy.confirm) s: \(error.message(for: self.item.pop.name))"
            var outcome = self.outcome(.failed, generation.number, detail, pushed, error)
            outcome.isUnhealthy = conversation.note.reason != nil
            return outcome
        }
    }

    /// Repeats an attempt whose failure may pass, with growing pauses, while the daemon still waits.
    private func persistently<Value: Sendable>(
        _ attempt: () async throws(ConnectionFailure) -> Value
    ) async throws(ConnectionFailure) -> Value {
        let deadline = ContinuousClock.now + .seconds(self.policy.confirm - self.policy.settle)
        for count in 1... {
            do throws(ConnectionFailure) {
                return try await attempt()
            } catch {
                let pause = Duration.seconds(1 << (count - 1))
                guard error.mayPass, count < Self.confirmAttempts, .now + pause < deadline, !Task.isCancelled
                else {
                    throw error
                }
                try? await Task.sleep(for: pause)
            }
        }
        throw .cancelled
    }

    private var health: HealthCheck {
        HealthCheck(policy: self.policy, enabled: self.item.enabled, usualErrors: self.item.history.errorRate)
    }
}

extension PoPVisit {
    func failed(
        _ generation: Generation?,
        _ error: any Error,
        takingBack reason: String? = nil
    ) -> Round.Outcome {
        let failure = error as? ConnectionFailure
        let cause = failure?.message(for: self.item.pop.name) ?? "\(error)"
        let detail =
            reason.map { "it was to be rolled back, since \($0), and that failed: \(cause)" } ?? cause
        return Round.Outcome(
            item: self.item,
            attempt: self.attempt(.failed, generation?.number, detail),
            isReached: failure?.isFromDaemon ?? false,
            isAsked: failure != nil && failure != .cancelled,
            isInterrupted: failure == .cancelled
        )
    }

    private func outcome(
        _ outcome: PushOutcome,
        _ generation: Int?,
        _ detail: String,
        _ pushed: PushConversation.Result,
        after: Result<ReceivedReport, ConnectionFailure>? = nil,
        _ failure: ConnectionFailure? = nil
    ) -> Round.Outcome {
        let report = (after ?? pushed.report).flatMap { report in
            Result { () throws(ConnectionFailure) in try report.believed() }
        }
        var detail = detail
        if case .failure(let failure) = report {
            detail += "; but no report: \(failure.message(for: self.item.pop.name))"
        }
        return Round.Outcome(
            item: self.item,
            attempt: self.attempt(outcome, generation, detail),
            report: try? report.get(),
            before: pushed.before,
            doubts: report.doubts(at: self.item.pop.name),
            isReached: failure?.isFromDaemon ?? true,
            isAsked: failure != .cancelled
        )
    }

    private func attempt(_ outcome: PushOutcome, _ generation: Int?, _ detail: String) -> PushAttempt {
        PushAttempt(
            popID: self.item.pop.id,
            generation: generation,
            started: self.started,
            duration: .now - self.clock,
            outcome: outcome,
            detail: detail.shortened(to: Self.longestDetail)
        )
    }
}
