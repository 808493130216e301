internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `pop add`.
struct PoPAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a PoP.",
        discussion: """
            Example:
              sixxs-central pop add chtst01 --id 1 --ipv4 192.0.2.42 --ipv6 2001:db8::42 \\
                --city Teststadt --country CH
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Country, town, number: chtst01.", transform: Parsers.popName) var name: PoPName
    @Option(help: "The PoP's number, 1 to 4095.", transform: Parsers.popID) var id: Int
    @Option(help: "Where users send their packets.", transform: Parsers.ipv4) var ipv4: IPv4Address
    @Option(help: "The same over IPv6.", transform: Parsers.ipv6) var ipv6: IPv6Address
    @OptionGroup var options: PoPOptions
    @Flag(help: "Do not push to it yet.") var disabled = false

    func run() async throws {
        let add = AddPoP(
            id: self.id,
            name: self.name,
            ipv4: self.ipv4,
            ipv6: self.ipv6,
            values: self.options.amendment,
            isEnabled: !self.disabled
        )
        try await add.run(in: try self.store.change())
        try self.output.show(
            PoPDocument(add.pop),
            orSay:
                "\(self.name) added; next: sixxs-central prefix add \(self.name) tunnel PREFIX, sixxs-central pop trust \(self.name)"
        )
    }
}
