internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `user`: who has tunnels.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "The users who have tunnels.",
        subcommands: [
            UserAddCommand.self, UserSetCommand.self, UserShowCommand.self, UserListCommand.self,
            UserRemoveCommand.self,
        ]
    )
}

/// `user show`.
struct UserShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a user and their tunnels; nobody can see a password again.",
        discussion: """
            Example:
              sixxs-central user show jdoe
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func run() async throws {
        let document = try await ShowUser(self.handle).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        let names = document.tunnels ?? []
        let fields = [
            ("Handle", document.handle), ("Name", document.name), ("Mail", document.mail),
            ("Password", document.passwordSet ? "set" : "none: cannot log in"),
            ("Tunnels", names.isEmpty ? "none" : names.joined(separator: ", ")),
            ("Created", document.created), ("Changed", document.changed),
        ]
        StandardOutput.print(FieldList(fields).text)
    }
}

/// `user list`.
struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the users.",
        discussion: """
            Example:
              sixxs-central user list --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try self.store.look().store
        let users = try await store.registry.snapshot(of: .users).users
        let counts = try await store.registry.tunnelCounts(by: .owner)
        if self.output.json {
            return StandardOutput.print(try JSONText.pretty(users.map { UserDocument($0) }))
        }
        var table = TextTable([
            .left("HANDLE"), .left("NAME"), .left("MAIL"), .left("PASSWORD"), .right("TUNNELS"),
            .left("CREATED"),
        ])
        for user in users {
            table.append([
                user.handle.description, user.name, user.mail, user.password.map { "\($0)" },
                "\(counts[user.handle.description] ?? 0)", user.created.iso8601,
            ])
        }
        StandardOutput.print(table.printed(orElse: "There is no user; add one with sixxs-central user add."))
    }
}

/// `user remove`.
struct UserRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a user who has no tunnels.",
        discussion: """
            Example:
              sixxs-central user remove jdoe
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func run() async throws {
        let centre = try self.store.change()
        try self.consent.demand("Remove the user \(self.handle)?")
        try await ChangeRegistry(.removeUser(self.handle)).run(in: centre)
        StandardOutput.print("\(self.handle) removed")
    }
}
