internal import ArgumentParser
internal import Central
internal import Streams

/// `release`: PoPs follow the registry again.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract:
            "Let PoPs follow the registry again that were held after a rollback or a wave that went wrong.",
        discussion: """
            The next round, or push, gives them what the registry has.

            Examples:
              sixxs-central release chtst01
              sixxs-central release --all && sixxs-central plan
            """
    )

    @OptionGroup var store: StoreOptions
    @Flag(help: "All that are held.") var all = false
    @Argument(help: "The PoPs.", transform: Parsers.popName) var pops: [PoPName] = []

    func validate() throws {
        guard self.all != !self.pops.isEmpty else { throw ValidationError("Name the PoPs, or give --all.") }
    }

    func run() async throws {
        let release = ReleaseHolds(of: self.all ? nil : self.pops)
        let held = try await release.run(in: try self.store.change())
        guard !held.isEmpty else { return StandardOutput.print("None of them is held.") }
        StandardOutput.print(
            "\(held.map(\.description).joined(separator: ", ")) released; the next push gives them what the registry has"
        )
    }
}
