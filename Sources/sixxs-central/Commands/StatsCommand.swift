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
        let store = try self.store.read()
        let since = self.since ?? Date(timeIntervalSinceNow: -86400)
        switch self.subject {
        case nil: try await self.showFleet(store)
        case .pop(let name):
            guard let pop = try await store.snapshot(of: .infrastructure).selection([name]).first else {
                return
            }
            try self.show(try await store.steps(ofPoP: pop.id, since: since), .pop)
            try await Self.showDoubts(of: pop, store)
        case .tunnel(let number):
            let snapshot = try await store.snapshot(of: .tunnel(number))
            try self.show(try await store.steps(of: number, since: since), .tunnel)
            if let pop = snapshot.tunnel(number).flatMap({ snapshot.pop($0.popID) }) {
                try await Self.showDoubts(of: pop, store)
            }
        }
    }

    private static func showDoubts(of pop: PoP, _ store: any FleetStore) async throws {
        guard let doubts = try await store.latestSamples()[pop.id]?.doubts else { return }
        Terminal.complain("\(pop.name): not believed: \(doubts)")
    }

    private func showFleet(_ store: any FleetStore) async throws {
        let document = try await FleetFigures(store, now: Date())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print(FieldList(document.fields).text)
    }

    private func show(_ counters: [CounterStep], _ kind: StepDocument.Kind) throws {
        let documents = TrafficStep.differences(of: counters).map { StepDocument($0, of: kind) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            StepDocument.table(documents, of: kind).printed(orElse: "Nothing was reported since then.")
        )
    }
}
