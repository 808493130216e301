internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel move`.
struct TunnelMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract:
            "Move tunnels without subnets to another PoP, all or none; they keep numbers and passwords.",
        discussion: """
            A tunnel's addresses become those of a place at the new PoP, so its user has to be told. Both PoPs learn it \
            with the next push.

            Examples:
              sixxs-central tunnel move T12 nltst01
              sixxs-central tunnel move T12 T13 T14 nltst01
              sixxs-central tunnel move T12 nltst01 --tid 1a
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(
        help: ArgumentHelp(
            "The tunnels, such as T12, and last the PoP they go to.",
            valueName: "tunnel-and-pop"
        )
    )
    var words: [String]
    @Option(
        help: "The place in the tunnel prefix, hexadecimal; default: the lowest free.",
        transform: Parsers.tid
    )
    var tid: TID?

    func validate() throws {
        guard self.words.count >= 2 else {
            throw ValidationError(
                "Give a tunnel and the PoP that it goes to, such as: tunnel move T12 nltst01"
            )
        }
        guard self.tid == nil || self.words.count == 2 else {
            throw ValidationError("--tid is the place of one tunnel: name one, or leave --tid out.")
        }
        _ = try self.destination()
        _ = try self.names()
    }

    private func destination() throws -> PoPName {
        let word = self.words.last ?? ""
        do { return try Parsers.popName(word) } catch {
            throw ValidationError(
                "The last word is the PoP that the tunnels go to, such as nltst01, not \(word)."
            )
        }
    }

    private func names() throws -> [Named<TunnelNumber>] {
        try self.words.dropLast().map { word in
            do { return try Named(word, Parsers.tunnel) } catch { throw ValidationError("\(error)") }
        }
    }

    func run() async throws {
        let names = try NamedThings(try self.names(), Parsers.tunnel)
        let move = MoveTunnels(names.all, to: try self.destination(), tid: self.tid)
        let documents = try await move.run(in: try self.store.change())
        if self.output.json {
            let isAlone = self.words.count == 2 && self.words[0] != "-"
            let text = try isAlone ? JSONText.pretty(documents[0]) : JSONText.pretty(documents)
            return StandardOutput.print(text)
        }
        guard !documents.isEmpty else { return StandardOutput.print("No tunnel was named.") }
        for document in documents {
            StandardOutput.print(
                "\(document.tunnel) moved to \(document.pop), tid \(document.tid), user address "
                    + "\(document.userAddress ?? "-"); \(Sentences.learnt(by: 2))"
            )
        }
    }
}
