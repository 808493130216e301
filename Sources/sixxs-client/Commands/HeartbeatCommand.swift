import ArgumentParser

/// `sixxs-client heartbeat`.
struct HeartbeatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heartbeat",
        abstract:
            "Protocol 41 from a public IPv4 address that may change; signed heartbeats (UDP 3740) tell the PoP.",
        discussion: """
              sixxs-client heartbeat --pop 192.0.2.1 --identity 2001:db8:101::2 --password-file /etc/sixxs.password
            """
    )

    @OptionGroup var options: TunnelOptions

    func validate() throws { try self.options.requireEnough(for: .heartbeat) }

    func run() throws { try self.options.run(.heartbeat) }
}
