internal import Foundation
internal import Wire

/// The first exchange with one daemon in a round: ask what runs, take the report, push.
struct PushConversation: Sendable {
    let pop: PoPName
    let generation: Generation

    /// What the daemon's report is judged by.
    let expectation: ReportExpectation

    /// What keeps a push from taking too much away; nil when an operator said that it is meant.
    let massChange: MassChangeGuard?

    /// After how long the daemon takes the push back unless it is confirmed, in seconds.
    let confirm: Int

    /// Whether a daemon that already runs the generation without a confirmation gets its old one back.
    ///
    /// A centre that ended left it on trial. Where changes are watched it must not stay: what its tunnels were like
    /// before, nobody knows any more.
    var endsLostTrials = false

    /// Told what is to be taken back, and why.
    var note: TakeBackNote?

    /// How the exchange ended.
    struct Result: Sendable {
        /// What ran before the push.
        let before: RunningConfiguration

        /// What the daemon reported before the push; one that cannot report is pushed to nevertheless.
        let report: Swift.Result<ReceivedReport, ConnectionFailure>
        let push: Push
    }

    /// What became of the push.
    enum Push: Hashable, Sendable {
        /// It is on trial; the daemon's words.
        case onTrial(String)

        /// The daemon had it already, and has confirmed it.
        case unchanged(String)

        /// It was not sent.
        case stopped(String)
    }

    /// - Throws: ``ConnectionFailure`` unless the daemon runs the generation, or was not to.
    func hold(_ session: any DaemonSession) throws(ConnectionFailure) -> Result {
        let before = try RunningConfiguration(asking: session)
        let report = Swift.Result { () throws(ConnectionFailure) in
            try ReceivedReport(asking: session, expecting: self.expectation)
        }
        if self.endsLostTrials, before.digest == self.generation.digest,
            try self.isTakenBack(session)
        {
            let reason =
                "generation \(self.generation.number) was still on trial from a centre that stopped, and was rolled back: "
                + "the next round tries again"
            return Result(before: before, report: report, push: .stopped(reason))
        }
        if let rejection = self.massChange.flatMap({ guardian in
            (try? report.get()).flatMap { guardian.rejection(over: $0, at: self.pop) }
        }) {
            return Result(before: before, report: report, push: .stopped(rejection))
        }
        let reply = try self.push(session)
        try RunningConfiguration(asking: session).demand(self.generation)
        guard before.digest == self.generation.digest else {
            return Result(before: before, report: report, push: .onTrial(reply))
        }
        try self.settleTrial(session)
        return Result(before: before, report: report, push: .unchanged(reply))
    }

    private func push(_ session: any DaemonSession) throws(ConnectionFailure) -> String {
        let name = "config push \(self.generation.number)"
        let request = ControlRequest.push(
            generation: self.generation.number,
            text: self.generation.text,
            confirmSeconds: self.confirm,
            isForced: self.massChange == nil
        )
        let reply = try session.request(request, named: name, upTo: .short)
        guard reply.isSuccess else { throw .refused(.request(name), reply: "\(reply.code) \(reply.text)") }
        return reply.text
    }

    /// - Returns: Whether there was anything on trial.
    private func isTakenBack(_ session: any DaemonSession) throws(ConnectionFailure) -> Bool {
        self.note?.keep("a centre that stopped may have left it on trial")
        let line = "config rollback"
        let reply = try session.request(Array("\(line)\n".utf8), named: line, upTo: .short)
        guard reply.isSuccess || reply.code == 404 else {
            throw .refused(.request(line), reply: "\(reply.code) \(reply.text)")
        }
        self.note?.forget()
        return reply.isSuccess
    }

    /// Confirms what a centre may have left on trial that ended in the middle of a round.
    private func settleTrial(_ session: any DaemonSession) throws(ConnectionFailure) {
        let line = "config confirm \(self.generation.number)"
        let reply = try session.request(Array("\(line)\n".utf8), named: line, upTo: .short)
        let isConfirmedAlready = reply.code == 404
        guard reply.isSuccess || isConfirmedAlready else {
            throw .refused(.request(line), reply: "\(reply.code) \(reply.text)")
        }
    }
}

/// The second exchange, over a connection of its own: look how the daemon does, then confirm the push or take it back.
struct ConfirmConversation: Sendable {
    let generation: Generation

    /// Nil for a push that stays whatever comes of it, such as one to an older generation.
    let health: HealthCheck?

    /// What the daemon's report is judged by.
    let expectation: ReportExpectation

    /// What the daemon reported before the push; nil when it did not.
    let before: ReceivedReport?

    /// When the report before the push was taken.
    let since: ContinuousClock.Instant

    /// Told what is to be taken back, and why.
    let note: TakeBackNote

    /// How the exchange ended.
    enum Result: Sendable {
        /// For good; the report after the push, or why there is none.
        case confirmed(Swift.Result<ReceivedReport, ConnectionFailure>)

        /// The daemon has the old configuration again; why.
        case rolledBack(String)
    }

    /// - Throws: ``ConnectionFailure``.
    func hold(_ session: any DaemonSession) throws(ConnectionFailure) -> Result {
        try RunningConfiguration(asking: session).demand(self.generation)
        let report = Swift.Result { () throws(ConnectionFailure) in
            try ReceivedReport(asking: session, expecting: self.expectation)
        }
        if let health = self.health, let before = self.before, let after = try? report.get() {
            let seconds = Double((ContinuousClock.now - self.since).milliseconds) / 1000
            if let failure = health.failure(before: before, after: after, seconds: seconds) {
                self.note.keep(failure)
                _ = try session.command("config rollback")
                return .rolledBack(failure)
            }
        }
        _ = try session.command("config confirm \(self.generation.number)")
        return .confirmed(report)
    }
}
