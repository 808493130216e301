internal import ArgumentParser
internal import Logging
internal import Wire

/// `push`: one round, now.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push the configuration to the PoPs that are named, or to all that are enabled.",
        discussion: """
            All at the same time; one that fails costs only itself. Exit status 1 when any failed.

            Examples:
              sixxs-central push
              sixxs-central push chtst01 nltst01
              sixxs-central push --force chtst01    (a PoP that loses many tunnels on purpose)
            """
    )

    @Flag(help: "Push even when it takes away or disables more than 5 % of a PoP's tunnels.") var force =
        false
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoPs; default: all that are enabled.", transform: ArgumentText.popName) var pops:
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
        let store = try self.store.open()
        let round = Round(
            store: store,
            connector: SSHConnector(),
            author: Operator.name,
            reason: "push",
            massChange: self.force ? .allowed : .refused,
            logger: Logger(label: "push") { _ in SwiftLogNoOpLogHandler() }
        )
        let outcomes = try await round.run(only: self.pops)
        if self.output.json {
            print(try JSONText.pretty(outcomes.map(Self.document)))
        } else {
            Self.show(outcomes)
        }
        if outcomes.contains(where: { $0.attempt.outcome == .failed }) { throw ExitCode.failure }
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
            .left("POP"), .left("OUTCOME"), .right("GENERATION"), .right("TIME"), .left("THE DAEMON SAYS"),
        ])
        for outcome in outcomes {
            let attempt = outcome.attempt
            table.append([
                outcome.pop.name.description, attempt.outcome.rawValue, attempt.generation.map(String.init),
                attempt.duration.inSeconds, attempt.outcome == .failed ? nil : attempt.detail,
            ])
        }
        print(table.printed(orElse: "No PoP is enabled."))
        for outcome in outcomes where outcome.attempt.outcome == .failed {
            Terminal.complain("\(outcome.pop.name): \(outcome.attempt.detail)")
        }
    }
}
