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
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Argument(help: "The prefix; default: the lowest that is free.", transform: Parsers.prefix) var prefix:
        IPv6Prefix?

    func run() async throws {
        let subnet = try await AddSubnet(self.prefix, to: self.tunnel).run(in: try self.store.change())
        try self.output.show(
            subnet,
            orSay: "\(subnet.prefix) delegated to \(subnet.tunnel); \(Sentences.learnt())"
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
        abstract: "List the delegated prefixes: all, or those of a PoP, a user, a type, a tunnel.",
        discussion: """
            Examples:
              sixxs-central subnet list --json
              sixxs-central subnet list --pop chtst01 --owner jdoe
              sixxs-central subnet list --tunnel T12
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var filters: FilterOptions
    @Option(help: "Only of this tunnel.", transform: Parsers.tunnel) var tunnel: TunnelNumber?

    func run() async throws {
        let subnets = ListSubnets(of: self.tunnel, self.filters.filter)
        let documents = try await subnets.run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(JSONText.pretty(documents)) }
        var table = TextTable([.left("SUBNET"), .left("TUNNEL"), .left("POP")])
        for document in documents { table.append([document.prefix, document.tunnel, document.pop]) }
        StandardOutput.print(
            table.printed(orElse: "There is no such subnet; add one with sixxs-central subnet add.")
        )
    }
}

/// `subnet remove`.
struct SubnetRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove delegated prefixes: all that are named, or none.",
        discussion: """
            Examples:
              sixxs-central subnet remove 2001:db8:3001::/48
              sixxs-central subnet list --tunnel T12 --json | jq -r '.[].prefix' |
                sixxs-central subnet remove - --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(
        help: "The prefixes; - takes them from standard input.",
        transform: { try Named($0, Parsers.prefix) }
    )
    var prefixes: [Named<IPv6Prefix>]

    func run() async throws {
        let centre = try self.store.change()
        let names = try NamedThings(self.prefixes, Parsers.prefix)
        guard !names.all.isEmpty else {
            return try self.output.show([String](), orSay: "No subnet was named.")
        }
        let preview = try await PreviewRemoval(of: names.all.map { .subnet($0) }).run(in: centre)
        try self.consent.demand("Take \(preview) back?")
        let documents = try await RemoveSubnets(names.all).run(in: centre)
        try self.output.show(
            documents,
            orSay: "\(names.words) removed; \(Sentences.learnt(by: names.all.count))"
        )
    }
}
