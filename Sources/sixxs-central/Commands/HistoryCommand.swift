internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `history`: the configurations of a PoP.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the configurations that a PoP had, and its last pushes.",
        discussion: """
            The newest 10 generations and pushes, unless --last or --since says otherwise; the newest comes last.

            --diff shows the lines in which two generations differ, as plan does; with one number it compares it \
            with the newest. No passwords are shown.

            Examples:
              sixxs-central history chtst01 --last 5
              sixxs-central history chtst01 --diff 41
              sixxs-central history chtst01 --diff 41 42
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @OptionGroup var history: HistoryOptions
    @Option(help: .hidden, transform: OptionParsers.last) var limit: Int?
    @Option(
        parsing: .upToNextOption,
        help: "One generation or two to compare.",
        transform: OptionParsers.generation
    )
    var diff: [Int] = []

    func validate() throws {
        guard self.diff.count <= 2 else {
            throw ValidationError("Give one generation or two to compare with --diff.")
        }
    }

    func run() async throws {
        let centre = try self.store.look()
        if let old = self.diff.first {
            let new = self.diff.dropFirst().first
            return try self.show(try await CompareGenerations(of: self.pop, old, new).run(in: centre))
        }
        var window = self.history.window
        window.last = window.last ?? self.limit
        let answer = try await ShowHistory(of: self.pop, window).run(in: centre)
        let document = HistoryDocument(answer, of: self.pop)
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        self.show(document)
    }

    private func show(_ document: HistoryDocument) {
        var table = TextTable([
            .right("GENERATION"), .left("MADE"), .left("WHO", rank: 1), .prose("WHY"),
            .left("LAST CONFIRMED", rank: 2), .left("DIGEST", rank: 3),
        ])
        for row in document.generations {
            table.append([
                "\(row.generation)", row.time, row.author, row.reason, row.confirmed,
                String(row.digest.prefix(12)),
            ])
        }
        StandardOutput.print(table.printed(orElse: "Nothing was pushed to \(self.pop)."))
        if let held = document.held { StandardOutput.print("\n\(held.words)") }
        guard !document.contacts.isEmpty else { return }
        StandardOutput.print("\n\(ContactDocument.table(document.contacts).text)")
    }

    private func show(_ lines: [String]) throws {
        if self.output.json { return StandardOutput.print(try JSONText.pretty(lines)) }
        StandardOutput.print(lines.isEmpty ? "The two generations are equal." : PrintedText(rows: lines))
    }
}
