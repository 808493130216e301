internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `rollback`: an older generation, and the PoP stays on it.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Push an older generation to a PoP, and keep the PoP on it until it is released.",
        discussion: """
            Without a number, the generation that was confirmed before the present one. Shows what would change, \
            and asks; where nobody can be asked it wants --yes. What would take away more than 5 % of the tunnels, or \
            all, wants --force besides. The registry is not changed: mend it, then unhold the PoP.

            Examples:
              sixxs-central history chtst01
              sixxs-central rollback chtst01 41
              sixxs-central unhold chtst01
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Flag(help: "Even if the PoP loses more than 5 % of its tunnels, or all.") var force = false
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Argument(help: "The generation; default: the one confirmed before.", transform: OptionParsers.generation)
    var generation: Int?

    /// What `--json` prints.
    private struct Document: Encodable {
        let pop: String
        let generation: Int
        let detail: String
    }

    func run() async throws {
        let centre = try self.store.change()
        let rollback = RollBack(self.pop, to: self.generation, isForced: self.force)
        let prepared = try await rollback.prepare(in: centre)
        let target = prepared.generation
        let lines = prepared.summary.lines
        Terminal.complain(
            "generation \(target.number) of \(self.pop), made \(target.created.iso8601) by \(target.author): "
                + (lines.isEmpty ? "says what it confirmed last" : "compared with what it confirmed last")
        )
        for line in lines { Terminal.complain("  \(line)") }
        if prepared.rejection == nil {
            try self.consent.demand("Push generation \(target.number) to \(self.pop), and hold it there?")
        }
        let answer = try await ProgressLine.show("rolling \(self.pop) back") { _ in
            try await rollback.run(prepared, in: centre)
        }
        let document = Document(pop: "\(self.pop)", generation: answer.generation, detail: answer.detail)
        try self.output.show(
            document,
            orSay: "\(self.pop) runs generation \(answer.generation) (\(answer.detail)) and is held on it; "
                + "sixxs-central unhold \(self.pop) ends that"
        )
    }
}
