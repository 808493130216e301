import ArgumentParser
import Wire

/// The program of a PoP.
struct Sixxsd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sixxsd",
        abstract: "Serves IPv6 tunnels: 6in4, GRE, heartbeat and AYIYA.",
        discussion: """
            Without a subcommand it runs the daemon: `sixxsd help run` lists its options.

              sixxsd --config /var/lib/sixxsd/sixxsd.conf --socket /run/sixxsd/control.sock
              sixxsd configtest /var/lib/sixxsd/sixxsd.conf
              sixxsd control -c 'pop show status'

            Exit status: 0 it did what it was asked to, 1 it failed (standard error says why), 2 wrong arguments.
            """,
        version: "sixxsd \(Release.version)",
        subcommands: [RunCommand.self, ControlCommand.self, ConfigtestCommand.self, ExplainCommand.self],
        defaultSubcommand: RunCommand.self
    )
}
