internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `user add`.
struct UserAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a user.",
        discussion: """
            Without --password-file they get a random password, which is shown once, here: the registry keeps only \
            what a login is compared with, and nobody can see the password again.

            Examples:
              sixxs-central user add jdoe --name 'John Doe' --mail jdoe@example.net
              sixxs-central user add jdoe --password-file password.txt
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(
        help: "2 to 32 letters, digits, dots and dashes, a letter first.",
        transform: Parsers.handle
    )
    var handle: UserHandle
    @OptionGroup var options: UserOptions
    @Flag(help: "Give no password: the user cannot log in.") var noPassword = false

    func validate() throws {
        guard !(self.noPassword && self.options.passwordFile != nil) else {
            throw ValidationError("Give --password-file or --no-password, not both.")
        }
    }

    func run() async throws {
        let password: PasswordChoice? = try self.options.password() ?? (self.noPassword ? nil : .random)
        let add = AddUser(self.handle, self.options.amendment, password: password)
        try self.output.show(try await add.run(in: try self.store.change()), "added")
    }
}

/// What `user add` and `user set` have in common.
struct UserOptions: ParsableArguments {
    @Option(help: "The user's full name.", transform: OptionParsers.line) var name: String?
    @Option(help: "The user's mail address.", transform: OptionParsers.line) var mail: String?
    @Option(help: "A file whose first line is the password.") var passwordFile: String?
    @Option(
        help:
            "What the user may do at the pages: user (own tunnels), operator (everything) or read-only (the fleet without its people).",
        transform: Parsers.role
    )
    var role: UserRole?

    /// The password that was brought; nil when none was.
    func password() throws(RegistryError) -> PasswordChoice? {
        guard let path = self.passwordFile else { return nil }
        return .given(try Password(file: path))
    }

    /// The values that were given.
    var amendment: UserAmendment {
        UserAmendment(name: self.name, mail: self.mail, role: self.role)
    }
}

extension OutputOptions {
    /// Prints a user, with the password that he has to be told.
    func show(_ changed: ChangedUser, _ verb: PrintedText) throws {
        let user = UserDocument(changed.user, password: changed.newPassword?.text)
        let hint: PrintedText? = changed.newPassword.map { _ in
            "the password is nowhere else: sixxs-central user set \(user.handle) --new-password makes another"
        }
        if self.json { return StandardOutput.print(try JSONText.pretty(user), ifLost: hint) }
        let secret: PrintedText = changed.newPassword.map { "; password: \($0.text)" } ?? ""
        StandardOutput.print("\(user.handle) \(verb)\(secret)", ifLost: hint)
    }
}
