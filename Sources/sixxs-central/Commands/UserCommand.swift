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
            UserRemoveCommand.self, UserInviteCommand.self, UserResetCommand.self, UserSessionsCommand.self,
            UserSuspendCommand.self, UserResumeCommand.self, UserEraseCommand.self,
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
            ("Role", document.role),
            ("Web password", document.webPasswordSet ? "set" : "none: cannot log in to the pages"),
            ("Suspended", document.suspended ? "yes" : "no"),
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
        abstract: "List the users: all, or those who have tunnels at a PoP, of a type, that are disabled.",
        discussion: """
            Examples:
              sixxs-central user list --json
              sixxs-central user list --pop chtst01 --type heartbeat
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those with tunnels at this PoP.", transform: Parsers.popName) var pop: PoPName?
    @Option(
        help: "Only those with tunnels of this type: static, heartbeat or ayiya.",
        transform: Parsers.tunnelType
    )
    var type: TunnelType?
    @Flag(help: "Only those with tunnels that are disabled, by the operators or by themselves.")
    var disabled = false

    private var filter: TunnelFilter {
        TunnelFilter(pop: self.pop, type: self.type, isEnabled: self.disabled ? false : nil)
    }

    func run() async throws {
        let rows = try await ListUsers(self.filter).run(in: try self.store.look())
        if self.output.json {
            return StandardOutput.print(try JSONText.pretty(rows.map { UserDocument($0.user) }))
        }
        var table = TextTable([
            .left("HANDLE"), .left("NAME", rank: 1), .left("MAIL", rank: 2), .left("PASSWORD", rank: 3),
            .left("ROLE", rank: 5), .left("SUSPENDED", rank: 3), .right("TUNNELS"), .left("CREATED", rank: 4),
        ])
        for row in rows {
            let user = row.user
            table.append([
                user.handle.description, user.name, user.mail, user.password.map { "\($0)" },
                user.role.rawValue, user.suspension == nil ? nil : "yes", "\(row.tunnelCount)",
                user.created.iso8601,
            ])
        }
        StandardOutput.print(
            table.printed(orElse: "There is no such user; add one with sixxs-central user add.")
        )
    }
}

/// `user remove`.
struct UserRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove users who have no tunnels: all that are named, or none.",
        discussion: """
            Examples:
              sixxs-central user remove jdoe
              sixxs-central user remove jdoe asmith --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(
        help: "The handles; - takes them from standard input.",
        transform: { try Named($0, Parsers.handle) }
    )
    var handles: [Named<UserHandle>]

    func run() async throws {
        let centre = try self.store.change()
        let names = try NamedThings(self.handles, Parsers.handle)
        guard !names.all.isEmpty else { return try self.output.show([String](), orSay: "No user was named.") }
        let preview = try await PreviewRemoval(of: names.all.map { .user($0) }).run(in: centre)
        try self.consent.demand("Remove \(preview)?")
        let removed = try await ChangeTogether(names.all.map { .removeUser($0) }).run(in: centre)
        let documents = removed.compactMap { result -> UserDocument? in
            if case .user(let user) = result { UserDocument(user) } else { nil }
        }
        try self.output.show(documents, orSay: "\(names.words) removed")
    }
}
