import ArgumentParser

/// `sixxs-client heartbeat`.
struct HeartbeatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heartbeat",
        abstract:
            "Protocol 41 from a public address that may change; signed heartbeats (UDP 3740) tell the PoP."
    )

    @OptionGroup var options: TunnelOptions

    @Option(help: ArgumentHelp("File whose first line is the tunnel's password.", valueName: "file"))
    var passwordFile: String

    func run() throws {
        let logger = self.options.makeLogger()
        let password = try self.options.password(self.passwordFile, logger)
        try self.options.run(.heartbeat(password: password), logger)
    }
}
