internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `pop`: the points of presence.
struct PoPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pop",
        abstract: "The points of presence.",
        subcommands: [
            PoPAddCommand.self, PoPSetCommand.self, PoPShowCommand.self, PoPListCommand.self,
            PoPRenameCommand.self, PoPRemoveCommand.self, PoPTrustCommand.self,
        ]
    )
}

/// `pop list`.
struct PoPListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the PoPs: all, or those that are enabled or not, canaries, in a country.",
        discussion: """
            Examples:
              sixxs-central pop list --json
              sixxs-central pop list --disabled
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Only those that rounds push to.") var enabled = false
    @Flag(help: "Only those that rounds do not push to.") var disabled = false
    @Flag(help: "Only those that get changes before the others.") var canary = false
    @Option(help: "Only in this country: two capital letters, such as CH.", transform: Parsers.country)
    var country: String?

    private var filter: PoPFilter {
        PoPFilter(
            isEnabled: self.enabled == self.disabled ? nil : self.enabled,
            isCanary: self.canary ? true : nil,
            country: self.country
        )
    }

    func validate() throws {
        guard !(self.enabled && self.disabled) else {
            throw ValidationError("Give --enabled or --disabled, not both; without either, all are shown.")
        }
    }

    func run() async throws {
        let pops = try await ListPoPs(self.filter).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(pops.map(PoPDocument.init))) }
        var table = TextTable([
            .left("POP"), .right("ID", rank: 5), .left("CITY", rank: 4), .left("COUNTRY", rank: 6),
            .left("IPV4"),
            .left("IPV6", rank: 3), .left("SSH", rank: 2), .left("TRUSTED", rank: 1),
            .left("ENABLED", rank: 1),
        ])
        for pop in pops {
            table.append([
                pop.name.description, "\(pop.id)", pop.city, pop.country, pop.ipv4.description,
                pop.ipv6.description,
                "\(pop.ssh.user)@\(pop.sshHost):\(pop.ssh.port)", pop.hostKey == nil ? "no" : "yes",
                pop.isEnabled ? "yes" : "no",
            ])
        }
        StandardOutput.print(
            table.printed(
                orElse: "There is no such PoP; add one with sixxs-central pop add or inventory apply."
            )
        )
    }
}

/// `pop remove`.
struct PoPRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a PoP without tunnels, with its prefixes and its history of pushes.",
        discussion: """
            Example:
              sixxs-central pop remove chtst01
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName

    func run() async throws {
        let centre = try self.store.change()
        let preview = try await PreviewRemoval(of: [.pop(self.name)]).run(in: centre)
        try self.consent.demand("Remove \(preview)?")
        guard case .pop(let pop) = try await ChangeRegistry(.removePoP(self.name)).run(in: centre) else {
            return
        }
        try self.output.show(PoPDocument(pop), orSay: "\(self.name) removed")
    }
}
