internal import ArgumentParser
internal import Central
internal import Streams

/// `unhold`: PoPs follow the registry again.
struct UnholdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unhold",
        abstract:
            "Release PoPs that were held, so that they follow the registry again, by hold, a rollback or a wave that went wrong.",
        discussion: """
            The next round, or push, gives them what the registry has; plan shows what that would change.

            Examples:
              sixxs-central unhold chtst01
              sixxs-central unhold --all && sixxs-central plan
            """,
        aliases: ["release", "resume"]
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "All that are held.") var all = false
    @Argument(help: "The PoPs.", transform: Parsers.popName) var pops: [PoPName] = []

    /// What `--json` prints of a PoP.
    private struct Document: Encodable {
        let pop: String
        @ExplicitNull private(set) var held: StatusDocument.Held?
    }

    func validate() throws {
        guard self.all != !self.pops.isEmpty else { throw ValidationError("Name the PoPs, or give --all.") }
    }

    func run() async throws {
        let release = ReleaseHolds(of: self.all ? nil : self.pops)
        let held = try await release.run(in: try self.store.change())
        let names = held.map(\.description).joined(separator: ", ")
        try self.output.show(
            held.map { Document(pop: $0.description, held: nil) },
            orSay: held.isEmpty
                ? "Nothing to release: \(self.all ? "no PoP is held" : "not held")."
                : "\(names) released; the next push brings what the registry has"
        )
    }
}
