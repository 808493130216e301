internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// Where links lead to.
struct LinkOptions: ParsableArguments {
    @OptionGroup var web: WebOptions

    /// - Throws: `ValidationError`.
    func base() throws -> WebURL {
        guard let url = try self.web.url() else {
            throw ValidationError("Say where people find the pages: --web-url, or SIXXS_WEB_URL.")
        }
        return url
    }

    /// Makes a link and prints it, once.
    func issue(_ kind: AccountLinkKind, for user: UserHandle, in store: StoreOptions) async throws {
        let issue = IssueLink(kind, for: user, at: try self.base())
        let answer = try await issue.run(in: try store.change())
        // The link stands alone on standard output, for the program that mails it.
        StandardOutput.print(
            "\(answer.link)",
            ifLost: "the link of \(answer.user) was not shown; make another"
        )
        let mail: PrintedText = answer.mail.isEmpty ? "" : " (\(answer.mail))"
        Terminal.complain(
            "For \(answer.user)\(mail): good once, until \(answer.end.iso8601). Whoever has it logs in as \(answer.user)."
        )
    }
}

/// `user invite`.
struct UserInviteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make a link with which a user chooses a password for the pages.",
        discussion: """
            It is good once, for 24 hours, and takes the place of one that was made before. It is printed here and nowhere \
            else: only its hash is stored. The password is for the pages alone; the one that user add made is for TIC.

            Examples:
              sixxs-central user invite jdoe --web-url https://tunnels.example.net
              sixxs-central user invite jdoe | mail -s 'Your tunnel' jdoe@example.net
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var link: LinkOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func validate() throws { _ = try self.link.base() }

    func run() async throws { try await self.link.issue(.invitation, for: self.handle, in: self.store) }
}

/// `user reset`.
struct UserResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Make a link with which a user who forgot the password for the pages chooses another.",
        discussion: """
            It is good once, for an hour. The password that the user has stays good until another is chosen.

            Example:
              sixxs-central user reset jdoe --web-url https://tunnels.example.net
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var link: LinkOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func validate() throws { _ = try self.link.base() }

    func run() async throws { try await self.link.issue(.reset, for: self.handle, in: self.store) }
}

/// `user sessions`.
struct UserSessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List where a user is logged in at the pages, or log the user out everywhere.",
        discussion: """
            A session ends after 12 hours without a request, and after 7 days. A new password or role, and a suspension, end \
            all of a user's sessions.

            Examples:
              sixxs-central user sessions jdoe
              sixxs-central user sessions jdoe --end
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle
    @Flag(help: "Log the user out everywhere.") var end = false

    func run() async throws {
        if self.end {
            let change = ChangeRegistry(.endSessions(self.handle))
            guard case .user(let user) = try await change.run(in: try self.store.change()) else { return }
            return try self.output.show(UserDocument(user), orSay: "\(user.handle) is logged out everywhere")
        }
        let sessions = try await ListSessions(of: self.handle).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(sessions)) }
        var table = TextTable([.left("SINCE"), .left("LAST USED"), .left("FROM")])
        for session in sessions { table.append([session.begun, session.used, session.from]) }
        StandardOutput.print(table.printed(orElse: "\(self.handle) is logged in nowhere."))
    }
}

/// `user suspend`.
struct UserSuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Disable all tunnels of a user, and keep the user out of the pages, in one step.",
        discussion: """
            The PoPs have it with the next round; sixxs-central push brings it at once. None of the user's tunnels can be \
            enabled until user resume, which enables those that were enabled before.

            Example:
              sixxs-central user suspend jdoe
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func run() async throws {
        let change = ChangeRegistry(.suspendUser(self.handle))
        guard case .user(let user) = try await change.run(in: try self.store.change()) else { return }
        let count = user.suspension?.count ?? 0
        try self.output.show(
            UserDocument(user),
            orSay:
                "\(user.handle) is suspended, \(count.counted("tunnel")) disabled: sixxs-central push brings it at once "
                + "(push --force POP where they are more than 5 % of a PoP's)"
        )
    }
}

/// `user resume`.
struct UserResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Take a suspension back: tunnels that were enabled before it are enabled again.",
        discussion: """
            Example:
              sixxs-central user resume jdoe
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func run() async throws {
        let change = ChangeRegistry(.resumeUser(self.handle))
        guard case .user(let user) = try await change.run(in: try self.store.change()) else { return }
        try self.output.show(UserDocument(user), orSay: "\(user.handle) is not suspended")
    }
}

/// `user erase`.
struct UserEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Remove a user and their tunnels, and their name and mail address from the audit.",
        discussion: """
            For somebody who asks to be forgotten. What stays: in the audit the handle, and which tunnels and addresses it had \
            when, since complaints come late; where the tunnels ended, for half a year; traffic and latency of the tunnels, as \
            long as samples are kept; and all of it in backups that were made before. Tunnel numbers are never used twice.

            Examples:
              sixxs-central user erase jdoe
              sixxs-central user erase jdoe --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The handle.", transform: Parsers.handle) var handle: UserHandle

    func run() async throws {
        let centre = try self.store.change()
        let preview = try await PreviewRemoval(of: [.user(self.handle)]).run(in: centre)
        try self.consent.demand("Erase \(preview)? Tunnels and subnets go as well.")
        let change = ChangeRegistry(.eraseUser(self.handle))
        guard case .user(let user) = try await change.run(in: centre) else { return }
        try self.output.show(
            ["erased": user.handle.description],
            orSay:
                "\(user.handle) is erased; the audit keeps the handle with its tunnels, and backups what they have"
        )
    }
}
