internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `push`: one round, now.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push the configuration to the PoPs that are named, or to all that are enabled.",
        discussion: """
            PoPs whose configuration changes get it in waves: the canaries, then the share of the others that the \
            inventory says, then the rest; those of a wave at the same time, 32 at most. A PoP that cannot be reached \
            does not affect the others. One that does badly with its change gets its old configuration back and ends the push: \
            the PoPs that do not have their change yet are held until unhold.

            --force shows what goes away, and asks; where nobody can be asked it wants --yes.

            Exit status: 0 all have what they are to have, 1 any does not.

            Examples:
              sixxs-central push
              sixxs-central push chtst01 nltst01
              sixxs-central push --wave canary
              sixxs-central push --force chtst01
            """
    )

    @Option(
        help:
            "Push to this PoP even if it loses more than 5 % of its tunnels (and two), or all; may be repeated.",
        transform: Parsers.popName
    )
    var force: [PoPName] = []
    @Option(help: "End after this wave: canary, share or all; default: all.", transform: OptionParsers.wave)
    var wave = Wave.all
    @Option(
        help:
            "Seconds after which a daemon rolls back what was not confirmed; default: as the inventory says.",
        transform: { try Parsers.number($0, in: WavePolicy.confirms, "seconds") }
    )
    var confirm: Int?
    @Flag(help: "Show what would change on the daemons, as plan does, and push nothing.") var dryRun = false
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The PoPs; default: all that are enabled.", transform: Parsers.popName) var pops:
        [PoPName] = []

    /// What `--json` prints of a PoP.
    private struct Document: Encodable {
        let pop: String
        let outcome: String
        @ExplicitNull private(set) var generation: Int?
        let seconds: Double
        let detail: String
    }

    func run() async throws {
        let push = PushNow(
            pops: self.pops,
            forced: self.force,
            lastWave: self.wave,
            confirm: self.confirm.map { .seconds($0) }
        )
        if self.dryRun {
            let plan = try await ProgressLine.show("asking the daemons") { progress in
                try await push.plan.run(in: try self.store.look(), progress: progress)
            }
            return try PlanDocument.show(plan, self.output)
        }
        let centre = try self.store.change()
        try await self.demandConsent(for: push, in: centre)
        let outcomes = try await ProgressLine.show("pushing") { progress in
            try await push.run(in: centre, progress: progress) { other in
                Terminal.complain("waiting for the round of \(other.name) to end")
            }
        }
        if self.output.json {
            StandardOutput.print(try JSONText.pretty(outcomes.map(Self.document)))
        } else {
            Self.show(outcomes)
        }
        for case let error? in outcomes.map(\.recordingError) { Terminal.complain("\(error)") }
        if outcomes.contains(where: { !$0.attempt.outcome.isSuccess || $0.recordingError != nil }) {
            throw ExitCode.failure
        }
    }

    /// Shows what a push takes away that is forced, and asks.
    private func demandConsent(for push: PushNow, in centre: Centre) async throws {
        guard !self.force.isEmpty else { return }
        let excesses = try await ProgressLine.show("asking the daemons") { progress in
            try await push.excesses(in: centre, progress: progress)
        }
        guard !excesses.isEmpty else { return }
        for excess in excesses {
            Terminal.complain(
                "\(excess.pop): \(excess.losses) of \(excess.of) tunnels are removed or disabled"
            )
            for line in excess.summary.lines { Terminal.complain("  \(line)") }
        }
        let names = excesses.map(\.pop.description).listed(first: 5)
        try self.consent.demand("Push to \(names) nevertheless?")
    }

    private static func document(_ outcome: Round.Outcome) -> Document {
        Document(
            pop: outcome.pop.name.description,
            outcome: outcome.attempt.outcome.rawValue,
            generation: outcome.attempt.generation,
            seconds: Double(outcome.attempt.duration.milliseconds) / 1000,
            detail: outcome.attempt.detail
        )
    }

    private static func show(_ outcomes: [Round.Outcome]) {
        var table = TextTable([
            .left("POP"), .left("OUTCOME"), .right("GENERATION", rank: 1), .right("TIME", rank: 2),
            .prose("THE DAEMON SAYS"),
        ])
        for outcome in outcomes {
            let attempt = outcome.attempt
            table.append([
                outcome.pop.name.description, attempt.outcome.rawValue, attempt.generation.map(String.init),
                attempt.duration.inSeconds, attempt.outcome.isSuccess ? attempt.detail : nil,
            ])
        }
        StandardOutput.print(table.printed(orElse: "No PoP is enabled."))
        for outcome in outcomes where !outcome.attempt.outcome.isSuccess {
            Terminal.complain("\(outcome.pop.name): \(outcome.attempt.detail)")
        }
    }
}
