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
            Without a number, the generation that was confirmed before the present one. The registry is not \
            changed: mend it, then release the PoP.

            Examples:
              sixxs-central history chtst01
              sixxs-central rollback chtst01 41
              sixxs-central unhold chtst01
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
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
        let answer = try await RollBack(self.pop, to: self.generation).run(in: try self.store.change())
        try self.output.show(
            Document(pop: "\(self.pop)", generation: answer.generation, detail: answer.detail),
            orSay: "\(self.pop) runs generation \(answer.generation) (\(answer.detail)) and is held on it; "
                + "sixxs-central unhold \(self.pop) ends that"
        )
    }
}
