internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel tic-secret`.
struct TunnelTICSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tic-secret",
        abstract: "Give a tunnel a secret of its own, with which its user's client logs in for it alone.",
        discussion: """
            The client (AICCU, sixxs-client up --tic) logs in (serve --tic) as HANDLE/T12 with this secret, in the place of the \
            user's own name and password, and learns of no other tunnel. It is shown once: only hashes of it are stored. A new \
            one takes the place of the one before at once; --revoke takes it away. The tunnel must have an owner.

            Examples:
              sixxs-central tunnel tic-secret T12
              sixxs-central tunnel tic-secret T12 --revoke
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Flag(help: "Take the secret away: nobody can log in with it.") var revoke = false

    func run() async throws {
        let change = ChangeTICSecret(of: self.tunnel, isRevoked: self.revoke)
        let answer = try await change.run(in: try self.store.change())
        let hint: PrintedText? = answer.secret.map { _ in
            "\(self.tunnel) has a new TIC secret, which was not shown; make another"
        }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(answer), ifLost: hint) }
        guard let secret = answer.secret else {
            return StandardOutput.print(
                answer.changed
                    ? "The TIC secret of \(self.tunnel) is revoked."
                    : "\(self.tunnel) has no TIC secret; nothing was changed"
            )
        }
        StandardOutput.print(
            "\(self.tunnel): user \(answer.user), secret \(secret) (shown this once)",
            ifLost: hint
        )
    }
}
