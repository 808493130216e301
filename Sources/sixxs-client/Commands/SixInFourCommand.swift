import ArgumentParser

/// `sixxs-client 6in4`.
struct SixInFourCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "6in4",
        abstract: "Protocol 41 from a public address that does not change; over IPv4 or IPv6.",
        discussion: """
              sixxs-client 6in4 --pop 192.0.2.1 --identity 2001:db8:101::2
            """
    )

    @OptionGroup var options: TunnelOptions

    func validate() throws { try self.options.requireEnough(for: .sixInFour) }

    func run() throws { try self.options.run(.sixInFour) }
}
