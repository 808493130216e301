internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `subnet`: what is routed to users.
struct SubnetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subnet",
        abstract: "The prefixes that are delegated to users.",
        subcommands: [
            SubnetAddCommand.self, SubnetShowCommand.self, SubnetListCommand.self, SubnetRemoveCommand.self,
        ]
    )
}

/// `subnet add`.
struct SubnetAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract:
            "Delegate a prefix through a tunnel: the lowest free one of its PoP, or the one that is named.",
        discussion: """
            A /40 holds /48s, a /48 holds /56s.

            Examples:
              sixxs-central subnet add T12
              sixxs-central subnet add T12 2001:db8:3001::/48
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Argument(help: "The prefix.", transform: Parsers.prefix) var prefix: IPv6Prefix?

    func run() async throws {
        let change = ChangeRegistry(.addSubnet(self.prefix, self.tunnel))
        guard case .subnet(let subnet) = try await change.run(in: try self.store.change()) else { return }
        StandardOutput.print(
            "\(subnet.prefix) delegated to \(subnet.tunnel); its PoP learns it with the next push"
        )
    }
}

/// `subnet show`.
struct SubnetShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show through which tunnel an address or a prefix is delegated.",
        discussion: """
            Examples:
              sixxs-central subnet show 2001:db8:3001::/48
              sixxs-central subnet show 2001:db8:3001::80
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "An address or a prefix.", transform: Parsers.prefix) var prefix: IPv6Prefix

    func run() async throws {
        let document = try await FindSubnet(around: self.prefix).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print("\(document.prefix) is delegated to \(document.tunnel) of \(document.pop)")
    }
}

/// `subnet list`.
struct SubnetListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the delegated prefixes.",
        discussion: """
            Example:
              sixxs-central subnet list --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let documents = try await self.store.look().store.registry.snapshot(of: .fleet).subnetDocuments()
        if self.output.json { return StandardOutput.print(JSONText.pretty(documents)) }
        var table = TextTable([.left("SUBNET"), .left("TUNNEL"), .left("POP")])
        for document in documents { table.append([document.prefix, document.tunnel, document.pop]) }
        StandardOutput.print(
            table.printed(orElse: "There is no subnet; add one with sixxs-central subnet add.")
        )
    }
}

/// `subnet remove`.
struct SubnetRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a delegated prefix back.",
        discussion: """
            Example:
              sixxs-central subnet remove 2001:db8:3001::/48
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The prefix.", transform: Parsers.prefix) var prefix: IPv6Prefix

    func run() async throws {
        let centre = try self.store.change()
        try self.consent.demand("Take \(self.prefix) back from its user?")
        try await ChangeRegistry(.removeSubnet(self.prefix)).run(in: centre)
        StandardOutput.print("\(self.prefix) removed; its PoP learns it with the next push")
    }
}
