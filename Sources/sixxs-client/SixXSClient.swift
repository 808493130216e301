import ArgumentParser

/// The user's end of a tunnel to a PoP.
struct SixXSClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sixxs-client",
        abstract: "Brings IPv6 to this host through a tunnel to a PoP.",
        discussion: """
            Creates a TUN device, gives it your address and the default IPv6 route, and carries packets until it \
            is stopped by SIGINT or SIGTERM. Logs each change of the tunnel's state to standard error.

            None of these tunnels keeps traffic secret. Where secrecy matters, run a VPN such as WireGuard inside.
            """,
        subcommands: [AYIYACommand.self, HeartbeatCommand.self, SixInFourCommand.self]
    )
}
