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
            --diff shows the lines in which two generations differ, as plan does; with one number it compares it \
            with the newest. No passwords are shown.

            Examples:
              sixxs-central history chtst01 --limit 5
              sixxs-central history chtst01 --diff 41
              sixxs-central history chtst01 --diff 41 42
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Option(help: "How many generations, and pushes.", transform: OptionParsers.last) var limit = 10
    @Option(
        parsing: .upToNextOption,
        help: "One generation or two to compare.",
        transform: OptionParsers.generation
    )
    var diff: [Int] = []

    /// What `--json` prints.
    private struct Document: Encodable {
        let pop: String
        let generations: [Row]
        let contacts: [ContactDocument]

        struct Row: Encodable {
            let generation: Int
            let time: String
            let author: String
            let reason: String
            @ExplicitNull private(set) var confirmed: String?
            let digest: String

            init(_ generation: GenerationSummary) {
                self.generation = generation.number
                self.time = generation.created.iso8601
                self.author = generation.author
                self.reason = generation.reason
                self.confirmed = generation.confirmed?.iso8601
                self.digest = generation.digest
            }
        }
    }

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
        let answer = try await ShowHistory(of: self.pop, limit: self.limit).run(in: centre)
        let document = Document(
            pop: "\(self.pop)",
            generations: answer.generations.map(Document.Row.init),
            contacts: answer.pushes.map { ContactDocument($0, pop: self.pop) }
        )
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        self.show(document)
    }

    private func show(_ document: Document) {
        var table = TextTable([
            .right("GENERATION"), .left("MADE"), .left("WHO"), .left("WHY"), .left("LAST CONFIRMED"),
            .left("DIGEST"),
        ])
        for row in document.generations {
            table.append([
                "\(row.generation)", row.time, row.author, row.reason, row.confirmed,
                String(row.digest.prefix(12)),
            ])
        }
        StandardOutput.print(table.printed(orElse: "Nothing was ever pushed to \(self.pop)."))
        guard !document.contacts.isEmpty else { return }
        StandardOutput.print("\n\(ContactDocument.table(document.contacts).text)")
    }

    private func show(_ lines: [String]) throws {
        if self.output.json { return StandardOutput.print(try JSONText.pretty(lines)) }
        StandardOutput.print(lines.isEmpty ? "They are equal." : PrintedText(rows: lines))
    }
}
