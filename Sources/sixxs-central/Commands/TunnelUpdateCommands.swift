internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel update-key`.
struct TunnelUpdateKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update-key",
        abstract: "Give a static tunnel a key with which its user's router tells where it ends.",
        discussion: """
            The router sends its user's handle and this key to /nic/update (serve --updates), as dynamic-DNS clients do. The \
            key is shown once: only its hash is stored. A new key takes the place of the one before at once; --revoke takes it \
            away. It is good for nothing else, and for this tunnel alone. The tunnel must be static and have an owner.

            Examples:
              sixxs-central tunnel update-key T12
              sixxs-central tunnel update-key T12 --revoke
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Flag(help: "Take the key away: no endpoint can be told with it.") var revoke = false

    func run() async throws {
        let change = ChangeUpdateKey(of: self.tunnel, isRevoked: self.revoke)
        let answer = try await change.run(in: try self.store.change())
        let hint: PrintedText? = answer.key.map { _ in
            "\(self.tunnel) has a new update key, which was not shown; make another"
        }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(answer), ifLost: hint) }
        guard let key = answer.key else {
            return StandardOutput.print(
                answer.changed
                    ? "The update key of \(self.tunnel) is revoked."
                    : "\(self.tunnel) has no update key; nothing was changed"
            )
        }
        StandardOutput.print(
            "\(self.tunnel): user \(answer.user), update key \(key) (shown this once), hostname \(self.tunnel)",
            ifLost: hint
        )
    }
}

/// `tunnel endpoints`.
struct TunnelEndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "List where a tunnel's router told it ends, in the last seven days.",
        discussion: """
            The newest comes first. applied: the registry has it, and its PoP within seconds while serve runs, else with the \
            next push; deferred: it waits, since there were more than five changes in ten minutes; superseded: another came \
            before it was applied.

            Example:
              sixxs-central tunnel endpoints T12
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let answer = try await ListEndpointRequests(of: self.tunnel).run(in: try self.store.look())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(answer)) }
        var table = TextTable([.left("TIME"), .left("FROM"), .left("TO"), .left("ASKED BY"), .left("STATE")])
        for request in answer.requests {
            table.append([request.time, request.from, request.to, request.client, request.state])
        }
        StandardOutput.print(
            table.printed(orElse: "No router told an endpoint of \(self.tunnel) in the last seven days.")
        )
        if let held = answer.held { Terminal.complain("\(held); new endpoints wait until it is released") }
    }
}
