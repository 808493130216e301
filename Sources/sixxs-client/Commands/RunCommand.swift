import ArgumentParser

/// `sixxs-client [run] --config FILE`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Set up the tunnel that a configuration file describes (the default).",
        discussion: """
            The file has a setting per line, key and value; # begins a comment. Keys are type (ayiya, heartbeat or 6in4),
            password, default-route (yes or no), and the names of the options below without --. With the password in
            it, nobody else may read it (chmod 600).

              sixxs-client --config /etc/sixxs-client.conf

            A file:
              type     ayiya
              pop      chtst01.example.net
              identity 2001:db8:101::2
              password f3d47c2de40fb698e1ab15d757a09bfc
              mtu      1280

            Another, whose rest a broker tells (sixxs-client up):
              tic      tic.example.net
              tic-user jdoe
              password 52d7e2a41f8c4a4fb4c6b2f4b4c3c0de
            """
    )

    @OptionGroup var options: TunnelOptions

    func validate() throws {
        guard self.options.config != nil else {
            throw ValidationError("give --config FILE, or a type of tunnel: ayiya, heartbeat or 6in4")
        }
    }

    func run() throws { try self.options.run(nil) }
}
