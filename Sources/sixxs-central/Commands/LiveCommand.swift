internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `live`: one tunnel as its daemon sees it now.
struct LiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Ask a tunnel's daemon about it: state, endpoint, counters, latency, errors.",
        discussion: """
            With --json, the tunnel's row of the daemon's report.

            Example:
              sixxs-central live T12
            """
    )

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
        if let doubts = answer.doubts { Terminal.complain("\(answer.pop): not believed: \(doubts)") }
    }
}
