internal import ArgumentParser
internal import Wire

/// `tunnel`: the users' tunnels.
struct TunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunnel",
        abstract: "The users' tunnels.",
        subcommands: [
            TunnelAddCommand.self, TunnelSetCommand.self, TunnelEnableCommand.self, TunnelDisableCommand.self,
            TunnelShowCommand.self, TunnelListCommand.self, TunnelRemoveCommand.self,
        ]
    )
}

/// `tunnel list`.
struct TunnelListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tunnels, of all PoPs or of one."
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only of this PoP.", transform: ArgumentText.popName) var pop: PoPName?

    func run() async throws {
        let snapshot = try await self.store.open().snapshot(of: self.pop.map { .pop($0) } ?? .fleet)
        let documents = snapshot.tunnelDocuments()
        if self.output.json { return print(try JSONText.pretty(documents)) }
        var table = TextTable([
            .left("TUNNEL"), .left("POP"), .right("TID"), .left("TYPE"), .left("ENDPOINT"),
            .left("USER ADDRESS"),
            .right("MTU"), .left("ENABLED"), .left("SUBNETS"),
        ])
        for tunnel in documents {
            table.append([
                tunnel.tunnel, tunnel.pop, tunnel.tid, tunnel.type, tunnel.endpoint, tunnel.userAddress,
                "\(tunnel.mtu)", tunnel.enabled ? "yes" : "no", tunnel.subnets?.joined(separator: " "),
            ])
        }
        print(table.printed(orElse: "There is no tunnel; add one with sixxs-central tunnel add."))
    }
}

/// `tunnel enable`.
struct TunnelEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let a tunnel carry packets again."
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: ArgumentText.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let change = RegistryChange.amendTunnel(self.tunnel, TunnelAmendment(isEnabled: true))
        try await self.store.open().apply([change], by: Operator.name)
        print("\(self.tunnel) enabled; its PoP learns it with the next push")
    }
}

/// `tunnel disable`.
struct TunnelDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Keep a tunnel, without packets."
    )

    @OptionGroup var store: StoreOptions
    @Argument(help: "The tunnel, such as T12.", transform: ArgumentText.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let change = RegistryChange.amendTunnel(self.tunnel, TunnelAmendment(isEnabled: false))
        try await self.store.open().apply([change], by: Operator.name)
        print("\(self.tunnel) disabled; its PoP learns it with the next push")
    }
}

/// `tunnel remove`.
struct TunnelRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a tunnel without subnets; its number is never given again."
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The tunnel, such as T12.", transform: ArgumentText.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let store = try self.store.open()
        try self.consent.demand("Remove \(self.tunnel) for good?")
        try await store.apply([.removeTunnel(self.tunnel)], by: Operator.name)
        print("\(self.tunnel) removed; its PoP learns it with the next push")
    }
}
