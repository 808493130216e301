internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `pop set`.
struct PoPSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a PoP; options that are not given leave it unchanged.",
        discussion: """
            Examples:
              sixxs-central pop set chtst01 --ssh-host mgmt.example.net --ssh-port 2222
              sixxs-central pop set chtst01 --disable
              sixxs-central pop set chtst01 --canary --poll 300
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The PoP, such as chtst01.", transform: Parsers.popName) var name: PoPName
    @Option(help: "Where users send their packets.", transform: Parsers.ipv4) var ipv4: IPv4Address?
    @Option(help: "The same over IPv6.", transform: Parsers.ipv6) var ipv6: IPv6Address?
    @OptionGroup var options: PoPOptions
    @Flag(help: "Push to it in every round.") var enable = false
    @Flag(help: "Do not push to it.") var disable = false

    private var amendment: PoPAmendment {
        var amendment = self.options.amendment
        amendment.ipv4 = self.ipv4
        amendment.ipv6 = self.ipv6
        if self.enable != self.disable { amendment.isEnabled = self.enable }
        return amendment
    }

    func validate() throws {
        guard !(self.enable && self.disable) else {
            throw ValidationError("Give --enable or --disable, not both.")
        }
        guard !self.amendment.isEmpty else { throw ValidationError("Give something to change; see --help.") }
    }

    func run() async throws {
        let change = AmendTogether([.amendPoP(self.name, self.amendment)])
        let outcome = try await change.run(in: try self.store.change()).first
        guard let outcome, case .pop(let pop) = outcome.result else { return }
        let verb: PrintedText = outcome.isChanged ? "changed" : "is so already; nothing was changed"
        try self.output.show(PoPDocument(pop), orSay: "\(self.name) \(verb)")
    }
}
