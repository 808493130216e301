internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `status`: the fleet at a glance.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the fleet as the last pushes left it, or as it is now with --live.",
        discussion: """
            TUNNELS counts those up, those with packets in the last 15 minutes, and those configured.

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
            if Terminal.showsScreens { StandardOutput.print(Terminal.cleared, terminator: "") }
            try await self.look(at: centre)
            try await Task.sleep(for: .seconds(self.every))
        }
    }

    private func look(at centre: Centre) async throws {
        let status = try await ReadStatus(pops: self.pops, asksDaemons: self.live).run(
            in: centre,
            progress: Terminal.progress("asked")
        )
        let rows = status.pops.map(StatusDocument.init)
        if self.output.json { return StandardOutput.print(try JSONText.pretty(rows)) }
        Self.show(rows, now: Date())
        for row in rows {
            for note in row.notes { Terminal.complain("\(row.pop): \(note)") }
        }
    }

    private static func show(_ rows: [StatusDocument], now: Date) {
        var table = TextTable([
            .left("POP"), .left("REACHABLE"), .right("GENERATION"), .left("IN SYNC"), .right("UPTIME"),
            .right("TUNNELS"), .right("FROM UPLINK"), .right("TO UPLINK"), .left("LAST PUSH"),
            .left("OUTCOME"),
        ])
        for row in rows {
            table.append([
                row.pop, row.enabled ? row.reachable.map { $0 ? "yes" : "NO" } : "disabled",
                row.generation.map(String.init), row.inSync.map { $0 ? "yes" : "NO" },
                row.uptime.map(HumanFormat.uptime),
                row.tunnels.map { tunnels in
                    [tunnels.up, tunnels.active, tunnels.configured].map { $0.map(String.init) ?? "?" }
                        .joined(separator: "/")
                },
                row.traffic?.fromUplink.map { HumanFormat.octets($0.value) },
                row.traffic?.toUplink.map { HumanFormat.octets($0.value) },
                row.lastPushTime.map { HumanFormat.age($0, now: now) }, row.lastPush?.outcome,
            ])
        }
        StandardOutput.print(
            table.printed(orElse: "There is no PoP; add one with sixxs-central pop add or inventory apply.")
        )
    }
}
