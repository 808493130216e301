internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `pop rename`.
struct PoPRenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a PoP another name; its id, tunnels, history, holds and statistics stay its own.",
        discussion: """
            Every PoP learns the name with the next push; until then its daemon answers under the old one. What was \
            written down under the old name stays readable: audit NEW shows it too. Where there is an inventory, \
            rename the PoP's file and the name in it, or write it anew with inventory export.

            Example:
              sixxs-central pop rename chtst01 chzrh01
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "What it is called, such as chtst01.", transform: Parsers.popName) var old: PoPName
    @Argument(help: "The new name.", transform: Parsers.popName) var new: PoPName

    func run() async throws {
        let pop = try await RenamePoP(self.old, to: self.new).run(in: try self.store.change())
        try self.output.show(
            PoPDocument(pop),
            orSay: "\(self.old) is \(self.new) now; all PoPs learn it with the next push"
        )
    }
}
