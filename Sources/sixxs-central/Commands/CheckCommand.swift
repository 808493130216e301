internal import ArgumentParser
internal import Foundation

/// `check`: one line for monitoring.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Print one line for monitoring, and exit 0, 1, 2 or 3 for OK, WARNING, CRITICAL or UNKNOWN.",
        discussion: """
            Critical: a PoP whose last push failed, or that was never pushed to. Warning: a PoP whose last push is \
            too old, or that runs another configuration than it confirmed.

            Example:
              sixxs-central check --overdue 1500
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoPs; default: all that are enabled.", transform: ArgumentText.popName) var pops:
        [PoPName] = []
    @Option(help: "Seconds after which a push is too old; two rounds and a half by default.") var overdue =
        1500

    func run() async throws {
        let verdict: FleetVerdict
        do {
            let status = try await FleetStatus(from: try self.store.open(), only: self.pops)
            verdict = FleetVerdict(status, now: Date(), overdue: TimeInterval(self.overdue))
        } catch {
            verdict = FleetVerdict(unreadable: "\(error)")
        }
        print(verdict.line)
        throw ExitCode(verdict.level.rawValue)
    }
}
