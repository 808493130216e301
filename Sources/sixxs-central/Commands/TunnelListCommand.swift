internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `tunnel list`.
struct TunnelListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract:
            "List tunnels: all, or those of a PoP, a user, a type; or those that are down, and since when.",
        discussion: """
            ENABLED says who keeps it from carrying packets: the operators, its user, or both.

            --down shows the enabled tunnels that were not up when their PoPs last reported, and since when; the one \
            that went down last stands last.

            Examples:
              sixxs-central tunnel list chtst01 --type ayiya
              sixxs-central tunnel list --owner jdoe --json
              sixxs-central tunnel list --down
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var filters: FilterOptions
    @Flag(help: "Only those that should be up and are down, with the time since when.") var down = false
    @Argument(help: ArgumentHelp("Only of this PoP, as --pop.", valueName: "pop"), transform: Parsers.popName)
    var place: PoPName?

    private var filter: TunnelFilter {
        var filter = self.filters.filter
        filter.pop = self.place ?? filter.pop
        return filter
    }

    func validate() throws {
        guard self.place == nil || self.filters.pop == nil || self.place == self.filters.pop else {
            throw ValidationError("Name one PoP.")
        }
        guard !(self.down && self.filters.enabled.isEnabled != nil) else {
            throw ValidationError(
                "With --down only enabled tunnels are shown: leave out --enabled and --disabled."
            )
        }
    }

    func run() async throws {
        let centre = try self.store.look()
        guard !self.down else { return try self.show(try await ListDownTunnels(self.filter).run(in: centre)) }
        let documents = try await ListTunnels(self.filter).run(in: centre)
        if self.output.json { return StandardOutput.print(JSONText.pretty(documents)) }
        var table = TextTable([
            .left("TUNNEL"), .left("POP", rank: 1), .right("TID", rank: 6), .left("TYPE", rank: 3),
            .left("ENDPOINT", rank: 2), .left("USER ADDRESS"), .right("MTU", rank: 5),
            .left("OWNER", rank: 1),
            .left("ENABLED", rank: 1), .left("SUBNETS", rank: 4),
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

    private func show(_ answer: ListDownTunnels.Answer) throws {
        let (documents, now) = (answer.rows.map(DownTunnelDocument.init), Date())
        for silence in answer.silent { Terminal.complain(silence.note(now: now)) }
        if self.output.json { return StandardOutput.print(try JSONText.pretty(documents)) }
        StandardOutput.print(
            DownTunnelDocument.table(documents, now: now).printed(
                orElse: "No tunnel is down that should be up."
            )
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
