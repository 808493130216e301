import ArgumentParser

/// `sixxs-client ayiya`.
struct AYIYACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ayiya",
        abstract: "Signed UDP datagrams (port 5072); passes NATs; over IPv4 or IPv6.",
        discussion: """
              sixxs-client ayiya --pop 192.0.2.1 --identity 2001:db8:101::2 --password-file /etc/sixxs.password

            `sixxs-central tunnel show T1` prints this line for a tunnel, its MTU included.
            """
    )

    @OptionGroup var options: TunnelOptions

    func validate() throws { try self.options.requireEnough(for: .ayiya) }

    func run() throws { try self.options.run(.ayiya) }
}
