internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams

/// `check`: one line for monitoring.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Print one line for monitoring, and exit 0, 1, 2 or 3 for OK, WARNING, CRITICAL or UNKNOWN.",
        discussion: """
            Critical: a PoP that cannot be reached, whose push failed or was rolled back, whose kernel lacks what the daemon needs, or that was never pushed to; \
            a clock that is over a minute off. Warning: a visit that is overdue, a PoP that is held or whose push was \
            stopped, that runs an older generation or another configuration than it confirmed, that restarted, or \
            whose clock is off.

            Thresholds are ranges of the percentage of a PoP's tunnels that are up: 10: alerts below 10. Counted are \
            the tunnels in the registry; none is up at a PoP that cannot be reached or was not visited in time. The \
            line names the first five reasons and counts the others. With wrong arguments it exits 3, with one line too.

            Examples:
              sixxs-central check
              sixxs-central check -w 50: -c 10: --overdue 1500
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The PoPs; default: all that are enabled.", transform: Parsers.popName) var pops:
        [PoPName] = []
    @Option(
        name: .shortAndLong,
        help: "Warn when the percentage is out of this range; default: never.",
        transform: OptionParsers.range
    )
    var warning: ThresholdRange?
    @Option(
        name: .shortAndLong,
        help: "Critical when the percentage is out of this range; default 10:.",
        transform: OptionParsers.range
    )
    var critical: ThresholdRange?
    @Option(
        help: "With fewer tunnels the percentage of a PoP is not looked at; default 50.",
        transform: OptionParsers.tunnelCount
    )
    var small = 50
    @Option(
        help: "Seconds after which a visit is too old; default 1500, two rounds and a half.",
        transform: OptionParsers.seconds
    )
    var overdue = 1500
    @Option(
        help: "Seconds for which a restart and a healed drift are told; default 1800.",
        transform: OptionParsers.seconds
    )
    var recent = 1800
    @Option(
        help: "The most seconds that a PoP's clock may be off; default 10.",
        transform: OptionParsers.seconds
    )
    var skew = 10
    @Option(
        name: .shortAndLong,
        help: "Seconds after which the check gives up; default 10.",
        transform: { try Parsers.number($0, in: 1...3600, "seconds") }
    )
    var timeout = 10

    /// What it says when it is called wrongly: monitoring reads a line and a status whatever happens.
    static func misuse(_ arguments: [String], _ words: String) -> (PrintedText, Int32)? {
        guard arguments.first == Self.configuration.commandName else { return nil }
        let verdict = FleetVerdict(unreadable: "\(words); sixxs-central check --help shows what there is")
        return ("\(verdict.line)", verdict.level.rawValue)
    }

    func run() async throws {
        var limits = FleetVerdict.Limits()
        limits.overdue = TimeInterval(self.overdue)
        limits.recent = TimeInterval(self.recent)
        limits.clockSkew = self.skew
        limits.warning = self.warning
        limits.critical = try self.critical ?? ThresholdRange(parsing: "10:")
        limits.smallPoP = self.small
        let check = CheckFleet(pops: self.pops, limits: limits, timeout: .seconds(self.timeout))
        let store = self.store
        let verdict = await check.run { try store.look() }
        // What monitoring cannot read is no verdict.
        StandardOutput.print("\(verdict.line)", status: FleetVerdict.Level.unknown.rawValue)
        throw ExitCode(verdict.level.rawValue)
    }
}
