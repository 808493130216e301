internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel config`.
struct TunnelConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print what a tunnel's user copies into their system to set it up.",
        discussion: """
            Without --for it lists the systems that there are texts for. Where a text goes stands above it, as a comment, or on \
            standard error where there is one text alone. Secrets are not in them; what stands in < > is for the user.

            Examples:
              sixxs-central tunnel config T12
              sixxs-central tunnel config T12 --for debian-ifupdown
              sixxs-central tunnel config T12 --for openwrt --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var web: WebOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("The system, such as debian-ifupdown or openwrt.", valueName: "system"),
        completion: .list(ClientSystem.allCases.map(\.rawValue)),
        transform: Parsers.clientSystem
    )
    var system: ClientSystem?

    /// What `--json` prints of one text.
    private struct Document: Encodable {
        let place: String
        let text: String
    }

    func run() async throws {
        let write = WriteClientTexts(self.tunnel, web: try self.web.url())
        let facts = try await write.run(in: try self.store.look())
        guard let system = self.system else { return try self.list(facts.systems) }
        guard facts.systems.contains(system) else {
            throw RegistryError.refused(
                "there is no text of \(system.rawValue) for \(self.tunnel): sixxs-central tunnel config \(self.tunnel) lists those there are"
            )
        }
        let texts = facts.texts(for: system)
        if self.output.json {
            let documents = texts.map { Document(place: $0.place, text: $0.text) }
            return StandardOutput.print(try JSONText.pretty(documents))
        }
        if texts.count == 1, let text = texts.first {
            Terminal.complain("\(text.place)")
            return StandardOutput.printExactly(text.text)
        }
        for text in texts { StandardOutput.printExactly("# \(text.place)\n\(text.text)") }
    }

    private func list(_ systems: [ClientSystem]) throws {
        if self.output.json { return StandardOutput.print(try JSONText.pretty(systems.map(\.rawValue))) }
        var table = TextTable([.left("SYSTEM"), .left("NAME")])
        for system in systems { table.append([system.rawValue, system.title]) }
        StandardOutput.print(table.text)
    }
}
