internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `trace`: what a daemon decides about a tunnel's packets.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show what a tunnel's daemon decides about each of its packets, as they come.",
        discussion: """
            Ends by itself, or with Ctrl-C; other tunnels do not notice.

            Examples:
              sixxs-central trace T12
              sixxs-central trace T12 --packets 10 --seconds 30 --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: "End after so many packets, 1 to 100000; default 100.",
        transform: { try Parsers.number($0, in: 1...100_000, "packets") }
    )
    var packets = 100
    @Option(
        help: "End after so many seconds, 1 to 3600; default 60.",
        transform: { try Parsers.number($0, in: 1...3600, "seconds") }
    )
    var seconds = 60
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let isJSON = self.output.json
        let trace = TraceTunnel(
            self.tunnel,
            packets: self.packets,
            duration: .seconds(self.seconds),
            asJSON: isJSON
        )
        let end = try await trace.run(in: try self.store.look()) { decision in
            StandardOutput.print(isJSON ? PrintedText(json: decision) : "\(decision)")
            return StandardOutput.isRead
        }
        if let end { Terminal.complain("\(end)") }
    }
}
