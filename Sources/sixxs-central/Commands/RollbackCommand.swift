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
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Argument(help: "The generation; default: the one confirmed before.", transform: OptionParsers.generation)
    var generation: Int?

    func run() async throws {
        let answer = try await RollBack(self.pop, to: self.generation).run(in: try self.store.change())
        StandardOutput.print(
            "\(self.pop) runs generation \(answer.generation) (\(answer.detail)) and is held on it; "
                + "sixxs-central unhold \(self.pop) ends that"
        )
    }
}
