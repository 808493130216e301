import ArgumentParser
import Wire

/// The user's end of a tunnel to a PoP.
struct SixXSClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sixxs-client",
        abstract: "Brings IPv6 to this host through a tunnel to a PoP.",
        discussion: """
            Creates a TUN device, gives it your address and the default IPv6 route, and carries packets until it \
            is stopped by SIGINT or SIGTERM. Logs each change of the tunnel's state to standard error.

              sixxs-client ayiya --pop 192.0.2.1 --identity 2001:db8:101::2 --password-file /etc/sixxs.password
              sixxs-client up --tic tic.example.net --tic-user jdoe --password-file /etc/sixxs.password
              sixxs-client --config /etc/sixxs-client.conf
              sixxs-client status

            None of these tunnels keeps traffic secret. Where secrecy matters, run a VPN such as WireGuard inside.

            Exit status: 0 it was stopped (status: the PoP answers), 1 it could not start or failed, 2 wrong arguments.
            """,
        version: "sixxs-client \(Release.version)",
        subcommands: [
            RunCommand.self, UpCommand.self, AYIYACommand.self, HeartbeatCommand.self, SixInFourCommand.self,
            StatusCommand.self, TestCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}
