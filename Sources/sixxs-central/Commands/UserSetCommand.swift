internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `user set`.
struct UserSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a user; options that are not given leave it unchanged.",
        discussion: """
            --new-password makes a random password and shows it once, here.

            Examples:
              sixxs-central user set jdoe --mail jdoe@example.org
              sixxs-central user set jdoe --new-password
              sixxs-central user set jdoe --role operator
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle
    @OptionGroup var options: UserOptions
    @Flag(help: "Give a new random password.") var newPassword = false

    func validate() throws {
        guard !(self.newPassword && self.options.passwordFile != nil) else {
            throw ValidationError("Give --password-file or --new-password, not both.")
        }
        let isEmpty = self.options.amendment.isEmpty && self.options.passwordFile == nil
        guard self.newPassword || !isEmpty else {
            throw ValidationError("Give something to change; see --help.")
        }
    }

    func run() async throws {
        let password = self.newPassword ? PasswordChoice.random : try self.options.password()
        let change = ChangeUser(self.handle, self.options.amendment, password: password)
        let changed = try await change.run(in: try self.store.change())
        try self.output.show(changed, changed.isChanged ? "changed" : "is so already; nothing was changed")
    }
}
