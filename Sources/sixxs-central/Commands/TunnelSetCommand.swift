internal import ArgumentParser
internal import Wire

/// `tunnel set`.
struct TunnelSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a tunnel; what is not named stays.",
        discussion: """
            A static tunnel that becomes heartbeat or ayiya gets a random password unless one is given: \
            tunnel show --secret prints it.

            Examples:
              sixxs-central tunnel set T12 --mtu 1428
              sixxs-central tunnel set T12 --type static --endpoint 198.51.100.7
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: ArgumentText.tunnel) var tunnel: TunnelNumber
    @Option(help: "static, heartbeat or ayiya.", transform: ArgumentText.tunnelType) var type: TunnelType?
    @Option(help: "The user's address; for static only.", transform: ArgumentText.tunnelEnd) var endpoint:
        IPAddress?
    @Option(help: "1280 to 1480.", transform: ArgumentText.mtu) var mtu: Int?
    @Option(help: "A file whose first line is the new password.") var passwordFile: String?
    @Flag(help: "Give it a new random password.") var newPassword = false

    func validate() throws {
        guard
            self.type != nil || self.endpoint != nil || self.mtu != nil || self.passwordFile != nil
                || self.newPassword
        else { throw ValidationError("Say what to change; see --help.") }
        guard !(self.newPassword && self.passwordFile != nil) else {
            throw ValidationError("Say --password-file or --new-password, not both.")
        }
    }

    func run() async throws {
        let password =
            self.newPassword ? Password.random() : try self.passwordFile.map { try Password(file: $0) }
        let amendment = TunnelAmendment(
            type: self.type,
            endpoint: self.endpoint,
            password: password,
            mtu: self.mtu
        )
        try await self.store.open().apply([.amendTunnel(self.tunnel, amendment)], by: Operator.name)
        let secret = self.newPassword ? password.map { " password \($0.text)" } ?? "" : ""
        print("\(self.tunnel) changed; its PoP learns it with the next push\(secret)")
    }
}
