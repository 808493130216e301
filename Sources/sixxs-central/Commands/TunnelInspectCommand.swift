internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `tunnel inspect`: one tunnel as its daemon sees it now.
struct TunnelInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Ask a tunnel's daemon about it: state, endpoint, counters, latency, errors.",
        discussion: """
            tunnel show says what the registry has; this asks the PoP. With --json, the tunnel's row of the daemon's \
            report.

            --errors shows each error that occurred with the packet that caused it the last time, header by header, and \
            what the daemon would do with that packet now, where all of it was kept (128 octets).

            Examples:
              sixxs-central tunnel inspect T12
              sixxs-central tunnel inspect T12 --errors
            """
    )

    @OptionGroup var inspection: InspectionOptions

    func run() async throws { try await self.inspection.run() }
}

/// `live`: what `tunnel inspect` was called.
struct LiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Ask a tunnel's daemon about it, as tunnel inspect does.",
        shouldDisplay: false
    )

    @OptionGroup var inspection: InspectionOptions

    func run() async throws { try await self.inspection.run() }
}

/// Which tunnel, and how it is printed.
struct InspectionOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Show its errors with the packets that caused them.") var errors = false
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    private func runErrors() async throws {
        let answer = try await InspectErrors(self.tunnel).run(in: try self.store.look())
        let documents = answer.rows.map { ErrorPacketDocument($0) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        guard !documents.isEmpty else { return StandardOutput.print("\(self.tunnel) has had no errors.") }
        StandardOutput.print(PrintedText(rows: documents.flatMap(\.lines)))
    }

    func run() async throws {
        if self.errors { return try await self.runErrors() }
        let (centre, inspection) = (try self.store.look(), InspectTunnel(self.tunnel))
        guard self.output.json else {
            return StandardOutput.print(PrintedText(rows: try await inspection.lines(in: centre)))
        }
        let answer = try await inspection.row(in: centre)
        StandardOutput.print(try JSONText.pretty(answer.row))
        if let doubts = answer.doubts { Terminal.complain("\(answer.pop): doubtful report: \(doubts)") }
    }
}
