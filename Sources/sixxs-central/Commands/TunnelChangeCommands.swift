internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// The tunnels that something is done to.
struct TunnelNames: ParsableArguments {
    @Argument(
        help: "The tunnels, such as T12; - takes them from standard input.",
        transform: { try Named($0, Parsers.tunnel) }
    )
    var tunnels: [Named<TunnelNumber>]

    func things() throws -> NamedThings<TunnelNumber> { try NamedThings(self.tunnels, Parsers.tunnel) }
}

/// `tunnel enable`.
struct TunnelEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let tunnels carry packets again: all that are named, or none.",
        discussion: """
            Examples:
              sixxs-central tunnel enable T12
              sixxs-central tunnel enable T12 T13 T14
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var names: TunnelNames

    func run() async throws {
        try await self.output.amend(
            self.names.things(),
            TunnelAmendment(isEnabled: true),
            "enabled",
            in: try self.store.change()
        )
    }
}

/// `tunnel disable`.
struct TunnelDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Disable tunnels: all that are named, or none.",
        discussion: """
            Examples:
              sixxs-central tunnel disable T12
              sixxs-central tunnel list --owner jdoe --json | jq -r '.[].tunnel' |
                sixxs-central tunnel disable -
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var names: TunnelNames

    func run() async throws {
        try await self.output.amend(
            self.names.things(),
            TunnelAmendment(isEnabled: false),
            "disabled",
            in: try self.store.change()
        )
    }
}

/// `tunnel remove`.
struct TunnelRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract:
            "Remove tunnels without subnets: all that are named, or none; their numbers are never reused.",
        discussion: """
            Examples:
              sixxs-central tunnel remove T12 --yes
              sixxs-central tunnel remove - --yes < numbers.txt
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var names: TunnelNames

    func run() async throws {
        let (centre, names) = (try self.store.change(), try self.names.things())
        if !names.all.isEmpty {
            let preview = try await PreviewRemoval(of: names.all.map { .tunnel($0) }).run(in: centre)
            try self.consent.demand("Remove \(preview) permanently?")
        }
        let removed = try await RemoveTunnels(names.all).run(in: centre)
        try self.output.show(removed, names, "removed")
    }
}

extension OutputOptions {
    /// Changes the same of several tunnels, and prints them.
    fileprivate func amend(
        _ names: NamedThings<TunnelNumber>,
        _ amendment: TunnelAmendment,
        _ verb: PrintedText,
        in centre: Centre
    ) async throws {
        let outcomes = try await AmendTunnels(names.all, amendment).run(in: centre)
        guard outcomes.contains(where: \.isChanged) || outcomes.isEmpty else {
            return try self.show(
                outcomes.map(\.document),
                orSay: "\(names.words) \(names.be) \(verb) already"
            )
        }
        try self.show(outcomes.map(\.document), names, verb)
    }

    /// Prints what became of several tunnels.
    fileprivate func show(
        _ documents: [TunnelDocument],
        _ names: NamedThings<TunnelNumber>,
        _ verb: PrintedText
    ) throws {
        let done: PrintedText = "\(names.words) \(verb); \(Sentences.learnt(by: names.all.count))"
        try self.show(documents, orSay: documents.isEmpty ? "No tunnel was named." : done)
    }
}
