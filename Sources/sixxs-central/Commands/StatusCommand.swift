internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `status`: the fleet at a glance.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the fleet as of the last round, or as it is now with --live.",
        discussion: """
            AS OF says how old the row is; a PoP that cannot be reached keeps what it said last, and no tunnel of it \
            counts as up. TUNNELS counts those up, those with packets in the last 15 minutes, and those in the \
            registry. WANTED is the generation that the PoP is to run, with + where the registry changed since it was \
            made; RUNNING is what its daemon said it runs.

            Examples:
              sixxs-central status
              sixxs-central status chtst01 --live --json
              sixxs-central status --watch --every 10
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoPs; default: all.", transform: Parsers.popName) var pops: [PoPName] = []
    @Flag(help: "Ask the daemons.") var live = false
    @Flag(help: "Show it again and again, until Ctrl-C.") var watch = false
    @Option(
        help: "Seconds between two looks, 1 to 3600; default 5.",
        transform: { try Parsers.number($0, in: 1...3600, "seconds") }
    )
    var every = 5

    func run() async throws {
        let centre = try self.store.look()
        guard self.watch else { return try await self.look(at: centre) }
        while StandardOutput.isRead {
            try await self.look(at: centre)
            try await Task.sleep(for: .seconds(self.every))
        }
    }

    private func look(at centre: Centre) async throws {
        let read = ReadStatus(pops: self.pops, asksDaemons: self.live)
        let status = try await ProgressLine.show("asking the daemons") { progress in
            try await read.run(in: centre, progress: progress)
        }
        let now = Date()
        var rows = status.pops.map { StatusDocument($0, now: now) }
        if self.watch { rows = StatusDocument.worstFirst(rows) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(rows)) }
        let table = StatusTable(rows, now: now)
        let screen = Screen.output
        if self.watch, screen.height != nil {
            return StandardOutput.print(Terminal.cleared + table.screenful(screen), terminator: "")
        }
        StandardOutput.print(table.printed(on: screen))
        for note in table.notes { Terminal.complain("\(note)") }
    }
}
