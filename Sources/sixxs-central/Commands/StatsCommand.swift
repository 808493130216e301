internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `stats`: the fleet in figures, or a tunnel or a PoP over time.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show the fleet in figures, or what a tunnel or a PoP did over time.",
        discussion: """
            Steps are of 10 minutes for the last 2 days, of an hour for 6 weeks, of a day for 5 years. FROM USER and \
            TO USER are bits a second; of a PoP, to and from the uplink. UP is the share of reports in which a tunnel \
            was up, or how many tunnels a PoP had up.

            Examples:
              sixxs-central stats
              sixxs-central stats T12 --since 6h
              sixxs-central stats chtst01 --since 4w --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A tunnel or a PoP; default: the fleet.", transform: Subject.init(parsing:)) var subject:
        Subject?
    @Option(help: "From when on: 2h, 3d, 2026-11-24; default: 1d.", transform: OptionParsers.since) var since:
        Date?

    func run() async throws {
        let centre = try self.store.look()
        guard let subject = self.subject else {
            let figures = try await FleetFigures(centre.store, now: Date())
            if self.output.json { return StandardOutput.print(try JSONText.pretty(figures)) }
            return StandardOutput.print(FieldList(figures.fields).text)
        }
        let answer = try await ReadTraffic(of: subject, since: self.since).run(in: centre)
        if case .tunnel = subject {
            try self.show(answer.steps, .tunnel)
        } else {
            try self.show(answer.steps, .pop)
        }
        if let doubts = answer.doubts { Terminal.complain("\(answer.pop): not believed: \(doubts)") }
    }

    private func show(_ steps: [TrafficStep], _ kind: StepDocument.Kind) throws {
        let documents = steps.map { StepDocument($0, of: kind) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            StepDocument.table(documents, of: kind).printed(orElse: "Nothing was reported since then.")
        )
    }
}
