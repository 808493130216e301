internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// How much of the past is wanted.
struct HistoryOptions: ParsableArguments {
    @Option(
        help: "Only from then on: 2h, 3d, 2026-11-24, 2026-11-24T22:56:28Z.",
        transform: OptionParsers.since
    )
    var since: Date?
    @Option(help: "Only so many of the newest.", transform: OptionParsers.last) var last: Int?

    var window: HistoryWindow { HistoryWindow(since: self.since, last: self.last) }
}

/// `audit`: who changed what.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show who changed what in the registry, and when, from what to what.",
        discussion: """
            The newest 20 changes, unless --last or --since says otherwise; the newest comes last. A subject is \
            the name of what was changed: chtst01, T12, jdoe, a prefix, or waves.

            Examples:
              sixxs-central audit T12
              sixxs-central audit --since 2d --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var history: HistoryOptions
    @Argument(help: "What was changed; default: everything.") var subjects: [String] = []

    func run() async throws {
        let audit = ListAudit(of: self.subjects, self.history.window)
        let entries = try await audit.run(in: try self.store.look())
        if self.output.json {
            return StandardOutput.print(try JSONText.pretty(entries.map(AuditDocument.init)))
        }
        var table = TextTable([
            .right("REVISION", rank: 2), .left("TIME"), .left("WHO", rank: 1), .prose("WHAT"),
        ])
        for entry in entries {
            table.append(["\(entry.revision)", entry.time.iso8601, entry.author, entry.words])
        }
        StandardOutput.print(table.printed(orElse: "No such change."))
    }
}

/// `log`: the pushes and polls.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show each time the centre spoke with PoPs: when, how long, and how it ended.",
        discussion: """
            The newest 50, unless --last or --since says otherwise; the newest comes last.

            Examples:
              sixxs-central log chtst01
              sixxs-central log --since 1h --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var history: HistoryOptions
    @Argument(help: "The PoPs; default: all.", transform: Parsers.popName) var pops: [PoPName] = []

    func run() async throws {
        let answer = try await ListContacts(with: self.pops, self.history.window)
            .run(in: try self.store.look())
        let documents = answer.contacts.map { ContactDocument($0, pop: answer.fleet.pop($0.popID)?.name) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            ContactDocument.table(documents).printed(orElse: "The centre has not spoken with any PoP.")
        )
    }
}
