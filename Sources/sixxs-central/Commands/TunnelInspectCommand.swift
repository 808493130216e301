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
            report. Its name of before, live, still works.

            Example:
              sixxs-central tunnel inspect T12
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
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let (centre, inspection) = (try self.store.look(), InspectTunnel(self.tunnel))
        guard self.output.json else {
            return StandardOutput.print(PrintedText(rows: try await inspection.lines(in: centre)))
        }
        let answer = try await inspection.row(in: centre)
        StandardOutput.print(try JSONText.pretty(answer.row))
        if let doubts = answer.doubts { Terminal.complain("\(answer.pop): doubtful report: \(doubts)") }
    }
}
