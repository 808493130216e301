internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `stats`: the fleet in figures, or a tunnel or a PoP over time.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract:
            "Show the fleet in figures, what a tunnel or a PoP did over time, or who moved how much.",
        discussion: """
            Steps are of 10 minutes for the last 2 days, of an hour for 6 weeks, of a day for 5 years. FROM USER and \
            TO USER are bits a second; of a PoP, to and from the uplink. UP is the share of reports in which a tunnel \
            was up, or how many tunnels a PoP had up. LOW MS and HIGH MS are what 10 % and 90 % of the round trips took \
            at most; from older daemons the least and the greatest mean of a report.

            --peers shows how long packets took from a PoP to the others, of probes once a minute: what 10 %, half and 90 % of \
            the round trips took at most, over IPv4 and IPv6.

            --by adds up what tunnels moved, the most first: by owner, pop, type or tunnel. --pop, --owner and --type \
            say of which tunnels; with --owner alone, each of that user's tunnels is shown.

            Examples:
              sixxs-central stats
              sixxs-central stats --by owner --since 7d --top 10
              sixxs-central stats --owner jdoe --since 4w
              sixxs-central stats T12 --since 6h
              sixxs-central stats chtst01 --since 4w --json
              sixxs-central stats chtst01 --peers --since 2h
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A tunnel or a PoP; default: the fleet.", transform: Subject.init(parsing:)) var subject:
        Subject?
    @Option(help: "From when on: 2h, 3d, 2026-11-24; default: 1d.", transform: OptionParsers.since) var since:
        Date?
    @Option(help: "Only the newest so many steps.", transform: OptionParsers.last) var last: Int?
    @Option(help: "Add up traffic by this.") var by: RankTraffic.Key?
    @Option(help: "Only the so many that moved most; with --by.", transform: OptionParsers.last) var top: Int?
    @Flag(help: "Show latency and loss from a PoP to the others.") var peers = false
    @OptionGroup var filters: FilterOptions

    /// What traffic is added up by; nil when it is not.
    private var key: RankTraffic.Key? { self.by ?? (self.filters.filter.owner == nil ? nil : .tunnel) }

    /// Whose ways to others are shown.
    private var start: PoPName? {
        if self.peers, case .pop(let name) = self.subject { name } else { nil }
    }

    func validate() throws {
        guard !self.peers || self.start != nil && self.key == nil && self.last == nil else {
            throw ValidationError("--peers goes with a PoP, and with --since: stats POP --peers --since 2h.")
        }
        guard self.key == nil || self.subject == nil else {
            throw ValidationError("Name a tunnel or a PoP, or add up with --by or --owner, not both.")
        }
        guard self.key != nil || self.subject != nil || self.since == nil && self.last == nil else {
            throw ValidationError(
                "The fleet's figures are of the last day and week: name a tunnel or a PoP, or add --by, for another time."
            )
        }
        guard self.key == nil || self.last == nil else {
            throw ValidationError(
                "What is added up has no steps: say --since for how long, --top for how many."
            )
        }
        guard self.key != nil || self.filters.filter.isEmpty && self.top == nil else {
            throw ValidationError("Say what to add up by: --by owner, pop, type or tunnel.")
        }
    }

    func run() async throws {
        let centre = try self.store.look()
        if let key = self.key { return try await self.rank(by: key, in: centre) }
        if let start = self.start { return try await self.showPeers(of: start, in: centre) }
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
        if let doubts = answer.doubts { Terminal.complain("\(answer.pop): doubtful report: \(doubts)") }
    }

    private func rank(by key: RankTraffic.Key, in centre: Centre) async throws {
        let since = self.since ?? Date(timeIntervalSinceNow: -86400)
        let rows = try await RankTraffic(by: key, self.filters.filter, since: since).run(in: centre)
        let documents = rows.prefix(self.top ?? rows.count).map { TrafficDocument($0, by: key) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            TrafficDocument.table(documents, by: key).printed(orElse: "There is no such tunnel.")
        )
    }

    private func showPeers(of pop: PoPName, in centre: Centre) async throws {
        let rows = try await ReadPeers(of: pop, since: self.since).run(in: centre)
        let documents = rows.map { PeerDocument($0) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            PeerDocument.table(documents).printed(orElse: "It reported nothing about other PoPs since then.")
        )
    }

    private func show(_ steps: [TrafficStep], _ kind: StepDocument.Kind) throws {
        let documents = steps.suffix(self.last ?? steps.count).map { StepDocument($0, of: kind) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            StepDocument.table(documents, of: kind).printed(orElse: "Nothing was reported since then.")
        )
    }
}

extension RankTraffic.Key: ExpressibleByArgument {}
