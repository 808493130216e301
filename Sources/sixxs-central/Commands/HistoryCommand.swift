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
        }
    }

    func validate() throws {
        guard self.diff.count <= 2 else {
            throw ValidationError("Say one generation, or two, to compare with --diff.")
        }
    }

    func run() async throws {
        let store = try self.store.read()
        let snapshot = try await store.snapshot(of: .infrastructure)
        guard let pop = try snapshot.selection([self.pop]).first else { return }
        if !self.diff.isEmpty { return try await self.showDifference(of: pop, in: store) }
        let contacts = try await store.pushes(of: pop.id, HistoryWindow(last: self.limit))
        let document = Document(
            pop: "\(self.pop)",
            generations: try await store.generationSummaries(of: pop.id, limit: self.limit).map {
                generation in
                Document.Row(
                    generation: generation.number,
                    time: generation.created.iso8601,
                    author: generation.author,
                    reason: generation.reason,
                    confirmed: generation.confirmed?.iso8601,
                    digest: generation.digest
                )
            },
            contacts: contacts.map { ContactDocument($0, snapshot) }
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

    private func showDifference(of pop: PoP, in store: any FleetStore) async throws {
        let newest = try await store.generationSummaries(of: pop.id, limit: 1).first?.number
        let numbers = self.diff + (self.diff.count == 1 ? [newest].compactMap(\.self) : [])
        var configurations: [Configuration] = []
        for number in numbers {
            let generation = try await store.generation(number, of: pop.id)
            let file = "generation \(number) of \(self.pop)"
            configurations.append(try Configuration(parsing: generation.text, file: file))
        }
        guard let old = configurations.first, let new = configurations.last else { return }
        let lines = new.differenceLines(from: old)
        if self.output.json { return StandardOutput.print(try JSONText.pretty(lines)) }
        StandardOutput.print(lines.isEmpty ? "They are equal." : PrintedText(rows: lines))
    }
}
