import ArgumentParser
import Wire

/// `sixxs-client up`.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Log in at a broker (TIC), and set up the tunnel as it tells.",
        discussion: """
            Logs in by a challenge with the password of the user, or as HANDLE/T5072 with the secret of one tunnel, and \
            takes type, addresses, MTU and password of the tunnel from the answer. When the tunnel falls silent it logs in again, \
            with growing pauses, and follows a tunnel that was moved to another PoP or changed. Without --password-file the \
            password is asked for at the terminal.

              sixxs-client up --tic tic.example.net --tic-user jdoe --password-file /etc/sixxs.password
              sixxs-client up --tic tic.example.net --tic-user jdoe/T5072
              sixxs-client up --config /etc/sixxs-client.conf

            A file:
              tic      tic.example.net
              tic-user jdoe
              tunnel   T5072
              password 52d7e2a41f8c4a4fb4c6b2f4b4c3c0de
            """
    )

    @OptionGroup var login: LoginOptions
    @OptionGroup var options: TunnelOptions

    func validate() throws {
        guard self.options.config != nil || self.login.tic != nil else {
            throw ValidationError("give --tic HOST and --tic-user HANDLE, or --config FILE")
        }
        guard self.options.config != nil || self.login.ticUser != nil else {
            throw ValidationError("give --tic-user HANDLE, with which to log in at --tic")
        }
        do throws(SettingFailure) {
            var settings = ClientSettings()
            try self.login.apply(to: &settings)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        var settings = try self.options.settings()
        try self.login.apply(to: &settings)
        try TunnelOptions.run(settings)
    }
}

/// With what the client logs in.
struct LoginOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The broker's TIC server: HOST or HOST:PORT (default port: 3874).",
            valueName: "host"
        )
    )
    var tic: String?

    @Option(
        help: ArgumentHelp("Your handle, or HANDLE/T5072 with a tunnel's own secret.", valueName: "handle")
    )
    var ticUser: String?

    @Option(
        help: ArgumentHelp(
            "Which of your tunnels, such as T5072 (default: the only one).",
            valueName: "tunnel"
        )
    )
    var tunnel: String?

    @Option(
        help: ArgumentHelp(
            "Whether the login is encrypted: try (where the broker can, whatever its certificate), require (with a certificate that this host believes) or no (default: try).",
            valueName: "try|require|no"
        ),
        completion: .list(TICEncryption.allCases.map(\.rawValue))
    )
    var ticTls: String?

    /// Sets what the command line gives.
    ///
    /// - Throws: ``SettingFailure``.
    func apply(to settings: inout ClientSettings) throws(SettingFailure) {
        let given: [(SettingKey, String?)] = [
            (.tic, self.tic), (.ticUser, self.ticUser), (.ticTLS, self.ticTls), (.tunnel, self.tunnel),
        ]
        for case (let key, let value?) in given {
            do throws(SettingFailure) { try settings.set(key, to: value) } catch {
                throw SettingFailure(description: "--\(key.rawValue): \(error)")
            }
        }
    }
}
