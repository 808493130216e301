internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `tunnel move`.
struct TunnelMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move a tunnel without subnets to another PoP; it keeps its number and its password.",
        discussion: """
            Its addresses become those of a place at the new PoP, so its user has to be told. Both PoPs learn it \
            with the next push.

            Examples:
              sixxs-central tunnel move T12 nltst01
              sixxs-central tunnel move T12 nltst01 --tid 1a
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber
    @Argument(help: "The PoP it goes to.", transform: Parsers.popName) var pop: PoPName
    @Option(
        help: "The place in the tunnel prefix, hexadecimal; default: the lowest free.",
        transform: Parsers.tid
    )
    var tid: TID?

    func run() async throws {
        let move = MoveTunnel(self.tunnel, to: self.pop, tid: self.tid)
        let document = try await move.run(in: try self.store.change())
        if self.output.json { return StandardOutput.print(try JSONText.pretty(document)) }
        StandardOutput.print(
            "\(document.tunnel) moved to \(document.pop), tid \(document.tid), user address "
                + "\(document.userAddress ?? "-"); "
                + "\(Sentences.learnt(by: 2))"
        )
    }
}
