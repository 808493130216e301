internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `prefix`: what is routed to the PoPs.
struct PrefixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefix",
        abstract: "The prefixes that are routed to the PoPs.",
        subcommands: [
            PrefixAddCommand.self, PrefixShowCommand.self, PrefixListCommand.self, PrefixRemoveCommand.self,
        ]
    )
}

/// `prefix add`.
struct PrefixAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give a PoP its tunnel prefix (a /48), or a subnet prefix (a /40 or a /48; at most 16).",
        discussion: """
            Examples:
              sixxs-central prefix add chtst01 tunnel 2001:db8:2ff::/48
              sixxs-central prefix add chtst01 subnet 2001:db8:3000::/40
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var pop: PoPName
    @Argument(help: "tunnel or subnet.", transform: Parsers.prefixKind) var kind: PrefixKind
    @Argument(help: "The prefix.", transform: Parsers.routedPrefix) var prefix: IPv6Prefix

    func run() async throws {
        let change = ChangeRegistry(.addPrefix(self.prefix, self.kind, self.pop))
        guard case .prefix(let prefix) = try await change.run(in: try self.store.change()) else { return }
        try self.output.show(
            PrefixDocument(prefix, pop: self.pop),
            orSay: "\(self.prefix) added to \(self.pop) for \(self.kind.rawValue)s; \(Sentences.learnt())"
        )
    }
}

/// `prefix show`.
struct PrefixShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show which PoP's prefix an address or a prefix lies in.",
        discussion: """
            Examples:
              sixxs-central prefix show 2001:db8:2ff::/48
              sixxs-central prefix show 2001:db8:2ff:1::2
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "An address or a prefix.", transform: Parsers.prefix) var prefix: IPv6Prefix

    func run() async throws {
        let document = try await FindPrefix(around: self.prefix).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print("\(document.prefix) is of \(document.pop), for \(document.kind)s")
    }
}

/// `prefix list`.
struct PrefixListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the prefixes of all PoPs, of one, or of one type.",
        discussion: """
            Examples:
              sixxs-central prefix list
              sixxs-central prefix list --pop chtst01 --type subnet
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only of this PoP.", transform: Parsers.popName) var pop: PoPName?
    @Option(help: "Only for these: tunnel or subnet.", transform: Parsers.prefixKind) var type: PrefixKind?

    func run() async throws {
        let documents = try await ListPrefixes(of: self.pop, self.type).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        var table = TextTable([.left("PREFIX"), .left("POP"), .left("FOR")])
        for document in documents { table.append([document.prefix, document.pop, document.kind]) }
        StandardOutput.print(
            table.printed(orElse: "There is no such prefix; add one with sixxs-central prefix add.")
        )
    }
}

/// `prefix remove`.
struct PrefixRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a prefix that no tunnel and no subnet uses.",
        discussion: """
            Example:
              sixxs-central prefix remove 2001:db8:3000::/40
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The prefix.", transform: Parsers.routedPrefix) var prefix: IPv6Prefix

    func run() async throws {
        let centre = try self.store.change()
        let document = try await FindPrefix(around: self.prefix).run(in: centre)
        let preview = try await PreviewRemoval(of: [.prefix(self.prefix)]).run(in: centre)
        try self.consent.demand("Remove \(preview)?")
        try await ChangeRegistry(.removePrefix(self.prefix)).run(in: centre)
        try self.output.show(document, orSay: "\(self.prefix) removed; \(Sentences.learnt())")
    }
}
