internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel`: the users' tunnels.
struct TunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunnel",
        abstract: "The users' tunnels.",
        subcommands: [
            TunnelAddCommand.self, TunnelSetCommand.self, TunnelEnableCommand.self, TunnelDisableCommand.self,
            TunnelMoveCommand.self, TunnelShowCommand.self, TunnelListCommand.self, TunnelRemoveCommand.self,
        ]
    )
}

/// `tunnel list`.
struct TunnelListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tunnels: all, or those of a PoP or of a user.",
        discussion: """
            ENABLED says who keeps it from carrying packets: the operators, its user, or both.

            Examples:
              sixxs-central tunnel list chtst01
              sixxs-central tunnel list --owner jdoe --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only of this PoP.", transform: Parsers.popName) var pop: PoPName?
    @Option(help: "Only of this user.", transform: Parsers.handle) var owner: UserHandle?

    func run() async throws {
        let tunnels = ListTunnels(of: self.pop, owner: self.owner)
        let documents = try await tunnels.run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(JSONText.pretty(documents)) }
        var table = TextTable([
            .left("TUNNEL"), .left("POP"), .right("TID"), .left("TYPE"), .left("ENDPOINT"),
            .left("USER ADDRESS"), .right("MTU"), .left("OWNER"), .left("ENABLED"), .left("SUBNETS"),
        ])
        for tunnel in documents {
            table.append([
                tunnel.tunnel, tunnel.pop, tunnel.tid, tunnel.type, tunnel.endpoint, tunnel.userAddress,
                "\(tunnel.mtu)", tunnel.owner, tunnel.enabledWord, tunnel.subnets?.joined(separator: " "),
            ])
        }
        StandardOutput.print(
            table.printed(orElse: "There is no such tunnel; add one with sixxs-central tunnel add.")
        )
    }
}

extension TunnelDocument {
    /// `yes`, or who does not want it to carry packets.
    fileprivate var enabledWord: String {
        switch (self.enabled, self.enabledByUser) {
        case (true, true): "yes"
        case (false, true): "no"
        case (true, false): "not by user"
        case (false, false): "no, nor by user"
        }
    }
}

/// `tunnel enable`.
struct TunnelEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let a tunnel carry packets again.",
        discussion: """
            Example:
              sixxs-central tunnel enable T12
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        try await ChangeRegistry(.amendTunnel(self.tunnel, TunnelAmendment(isEnabled: true))).run(
            in: try self.store.change()
        )
        StandardOutput.print("\(self.tunnel) enabled; its PoP learns it with the next push")
    }
}

/// `tunnel disable`.
struct TunnelDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Keep a tunnel, without packets.",
        discussion: """
            Example:
              sixxs-central tunnel disable T12
            """
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        try await ChangeRegistry(.amendTunnel(self.tunnel, TunnelAmendment(isEnabled: false))).run(
            in: try self.store.change()
        )
        StandardOutput.print("\(self.tunnel) disabled; its PoP learns it with the next push")
    }
}

/// `tunnel remove`.
struct TunnelRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a tunnel without subnets; its number is never given again.",
        discussion: """
            Example:
              sixxs-central tunnel remove T12 --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let centre = try self.store.change()
        try self.consent.demand("Remove \(self.tunnel) for good?")
        try await ChangeRegistry(.removeTunnel(self.tunnel)).run(in: centre)
        StandardOutput.print("\(self.tunnel) removed; its PoP learns it with the next push")
    }
}
