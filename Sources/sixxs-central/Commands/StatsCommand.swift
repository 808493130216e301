internal import ArgumentParser
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
    @Option(help: "From when on: 2h, 3d, 2026-11-24; default: 1d.", transform: ArgumentText.since) var since:
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

    private static func showDoubts(of pop: PoP, _ store: SQLiteStore) async throws {
        guard let doubts = try await store.latestSamples()[pop.id]?.doubts else { return }
        Terminal.complain("\(pop.name): not believed: \(doubts)")
    }

    private func showFleet(_ store: SQLiteStore) async throws {
        let document = try await FleetFigures(store)
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

/// What a step holds as `--json` prints it.
struct StepDocument: Encodable {
    /// What it is of.
    enum Kind: Sendable {
        case tunnel
        case pop
    }

    let time: String
    let seconds: Int
    let reports: Int
    let up: Double
    let inBytes: Tally
    let outBytes: Tally
    let inPackets: Tally
    let outPackets: Tally
    let inBitsPerSecond: Int64
    let outBitsPerSecond: Int64
    @ExplicitNull private(set) var lossPercent: Double?
    @ExplicitNull private(set) var minMs: Double?
    @ExplicitNull private(set) var avgMs: Double?
    @ExplicitNull private(set) var maxMs: Double?

    init(_ step: TrafficStep, of kind: Kind) {
        self.time = step.time.iso8601
        self.seconds = Int(Int64(saturating: step.seconds))
        self.reports = step.reports
        self.up =
            kind == .tunnel
            ? Self.rounded(Double(step.up) * 100 / Double(max(1, step.reports))) : Double(step.up)
        self.inBytes = step.inBytes
        self.outBytes = step.outBytes
        self.inPackets = step.inPackets
        self.outPackets = step.outPackets
        self.inBitsPerSecond = Int64(saturating: step.rate(step.inBytes))
        self.outBitsPerSecond = Int64(saturating: step.rate(step.outBytes))
        self.lossPercent = step.loss.map(Self.rounded)
        self.minMs = step.shortest.map(Self.rounded)
        self.avgMs = step.mean.map(Self.rounded)
        self.maxMs = step.longest.map(Self.rounded)
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    static func table(_ documents: [StepDocument], of kind: Kind) -> TextTable {
        let isTunnel = kind == .tunnel
        var table = TextTable(
            [.left("TIME"), .right("UP")]
                + (isTunnel
                    ? [.right("FROM USER"), .right("TO USER")]
                    : [.right("TO UPLINK"), .right("FROM UPLINK")])
                + (isTunnel ? [.right("LOSS"), .right("MIN MS"), .right("AVG MS"), .right("MAX MS")] : [])
        )
        for step in documents {
            let latencies =
                isTunnel
                ? [step.lossPercent.map { "\($0) %" }]
                    + [step.minMs, step.avgMs, step.maxMs].map { $0.map { "\($0)" } } : []
            table.append(
                [
                    step.time, isTunnel ? "\(Int64(saturating: step.up)) %" : "\(Int64(saturating: step.up))",
                    Figures.bitRate(step.inBitsPerSecond), Figures.bitRate(step.outBitsPerSecond),
                ] + latencies
            )
        }
        return table
    }
}

extension Figures {
    /// `1.4 Mbit/s`.
    static func bitRate(_ bitsPerSecond: Int64) -> String {
        var value = Double(bitsPerSecond)
        for unit in ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"] {
            if value < 1000 { return Self.rounded(value) + " " + unit }
            value /= 1000
        }
        return Self.rounded(value) + " Tbit/s"
    }
}
