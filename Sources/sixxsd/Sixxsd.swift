import ArgumentParser
import Wire

/// The program of a PoP.
struct Sixxsd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sixxsd",
        abstract: "Serves IPv6 tunnels: 6in4, GRE, heartbeat and AYIYA.",
        version: "sixxsd \(Release.version)",
        subcommands: [RunCommand.self, ControlCommand.self, CheckCommand.self, ExplainCommand.self],
        defaultSubcommand: RunCommand.self
    )
}
