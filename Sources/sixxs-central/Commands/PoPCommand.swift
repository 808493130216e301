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
            PoPRemoveCommand.self, PoPTrustCommand.self,
        ]
    )
}

/// `pop list`.
struct PoPListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the PoPs.",
        discussion: """
            Example:
              sixxs-central pop list --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let pops = try await self.store.look().store.registry.snapshot(of: .infrastructure).pops
        if self.output.json { return StandardOutput.print(try JSONText.pretty(pops.map(PoPDocument.init))) }
        var table = TextTable([
            .left("POP"), .right("ID"), .left("CITY"), .left("COUNTRY"), .left("IPV4"), .left("IPV6"),
            .left("SSH"),
            .left("TRUSTED"), .left("ENABLED"),
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
            table.printed(orElse: "There is no PoP; add one with sixxs-central pop add or inventory apply.")
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
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName

    func run() async throws {
        let centre = try self.store.change()
        try self.consent.demand("Remove \(self.name), its prefixes and its history?")
        try await ChangeRegistry(.removePoP(self.name)).run(in: centre)
        StandardOutput.print("\(self.name) removed")
    }
}
