internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams

/// `acknowledge`: an alarm that is known.
struct AcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge",
        abstract: "Tell monitoring that PoPs' trouble is known: check does not alarm for them until a time.",
        discussion: """
            Only check is told; rounds go on. Until that time, 92 days away at most, check names the PoP as \
            acknowledged, and status says by whom and why. What is still wrong then, or new, alarms again. \
            --withdraw ends it before.

            Examples:
              sixxs-central acknowledge chtst01 --until 2h --because 'host is being moved'
              sixxs-central acknowledge chtst01 --until 2026-12-03T06:00:00Z \\
                --because 'line is cut, ticket 4711'
              sixxs-central acknowledge chtst01 --withdraw
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: "Until when: for 90m, 2h, 3d, or until 2026-12-03, 2026-12-03T06:00:00Z.",
        transform: OptionParsers.until
    )
    var until: Date?
    @Option(help: "Why, for those who read it later.", transform: OptionParsers.reason) var because: String?
    @Flag(help: "Let check alarm for them again.") var withdraw = false
    @Argument(help: "The PoPs, such as chtst01.", transform: Parsers.popName) var pops: [PoPName]

    /// What `--json` prints of a PoP.
    private struct Document: Encodable {
        let pop: String
        @ExplicitNull private(set) var acknowledged: AcknowledgementDocument?
    }

    func validate() throws {
        if self.withdraw {
            guard self.until == nil, self.because == nil else {
                throw ValidationError("With --withdraw leave out --until and --because.")
            }
        } else if self.until == nil || self.because == nil {
            throw ValidationError("Say until when and why, with --until and --because; or give --withdraw.")
        }
    }

    func run() async throws {
        let centre = try self.store.change()
        guard let until = self.until, let because = self.because else {
            return try await self.end(in: centre)
        }
        let answer = try await AcknowledgePoPs(self.pops, until: until, because: because).run(in: centre)
        let documents = answer.map {
            Document(pop: $0.pop.description, acknowledged: AcknowledgementDocument($0.acknowledgement))
        }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        for each in answer { StandardOutput.print("\(each.pop) is \(each.acknowledgement.words)") }
    }

    private func end(in centre: Centre) async throws {
        let names = try await WithdrawAcknowledgements(of: self.pops).run(in: centre)
        let documents = names.map { Document(pop: $0.description, acknowledged: nil) }
        let list = names.map(\.description).joined(separator: ", ")
        try self.output.show(
            documents,
            orSay: names.isEmpty ? "None of them is acknowledged." : "\(list): check alarms again"
        )
    }
}
