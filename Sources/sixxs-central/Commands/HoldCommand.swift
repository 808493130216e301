internal import ArgumentParser
internal import Central
internal import Streams

/// `hold`: PoPs keep what they have.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract:
            "Keep PoPs on the configuration that they confirmed last, whatever changes in the registry.",
        discussion: """
            Rounds go on visiting them, and give them that configuration again should they lose it. unhold ends it. \
            status, check, history and audit say who holds a PoP, since when and why.

            Example:
              sixxs-central hold chtst01 --because 'work on its line until Thursday'
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Why, for those who read it later.", transform: OptionParsers.reason) var because: String
    @Argument(help: "The PoPs, such as chtst01.", transform: Parsers.popName) var pops: [PoPName]

    /// What `--json` prints of a PoP.
    private struct Document: Encodable {
        let pop: String
        let held: StatusDocument.Held
    }

    func run() async throws {
        let held = try await HoldPoPs(self.pops, because: self.because).run(in: try self.store.change())
        let documents = held.map { Document(pop: $0.pop.description, held: StatusDocument.Held($0.hold)) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        for held in held {
            let place = held.hold.generation.map { "on generation \($0)" } ?? "without a configuration"
            StandardOutput.print("\(held.pop) is held \(place); sixxs-central unhold \(held.pop) ends that")
        }
    }
}
