internal import ArgumentParser
internal import Central
internal import Streams
internal import Synchronization
internal import Wire

/// `trace`: what a daemon decides about a tunnel's packets.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show what a tunnel's daemon decides about each of its packets, as they come.",
        discussion: """
            Ends by itself, or with Ctrl-C; other tunnels do not notice.

            --pcapng writes the tunnel's inner packets as a capture for Wireshark, with the decisions about each as its comment; \
            each packet is written when the next one comes, and the last one at the end.

            Examples:
              sixxs-central trace T12
              sixxs-central trace T12 --packets 10 --seconds 30 --json
              sixxs-central trace T12 --pcapng t12.pcapng
              sixxs-central trace T12 --pcapng - | wireshark -k -i -
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: "End after so many packets, 1 to 100000; default 100.",
        transform: { try Parsers.number($0, in: 1...100_000, "packets") }
    )
    var packets = 100
    @Option(
        help: "End after so many seconds, 1 to 3600; default 60.",
        transform: { try Parsers.number($0, in: 1...3600, "seconds") }
    )
    var seconds = 60
    @Option(help: "Write the packets to a file, or to - for standard output.") var pcapng: String?
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func validate() throws {
        guard self.pcapng == nil || !self.output.json else {
            throw ValidationError("--pcapng writes a capture, and --json prints lines: choose one.")
        }
        guard self.pcapng != "-" || !StandardOutput.isTerminal else {
            throw ValidationError(
                "A terminal cannot show a capture: --pcapng FILE, or pipe it into tshark -r -."
            )
        }
    }

    func run() async throws {
        if let path = self.pcapng { return try await self.capture(into: path) }
        let isJSON = self.output.json
        let end = try await self.trace(as: isJSON ? .json : .text).run(in: try self.store.look()) {
            decision in
            StandardOutput.print(isJSON ? PrintedText(json: decision) : "\(decision)")
            return StandardOutput.isRead
        }
        if let end { Terminal.complain("\(end)") }
    }

    private func trace(as form: TraceTunnel.Form) -> TraceTunnel {
        TraceTunnel(self.tunnel, packets: self.packets, duration: .seconds(self.seconds), as: form)
    }

    /// Writes each packet when the next one comes, and the last at the end.
    private func capture(into path: String) async throws {
        let centre = try self.store.look()
        let file = path == "-" ? nil : try GrowingFile(path)
        let write: @Sendable ([UInt8]) -> RegistryError? = { octets in
            guard let file else {
                StandardOutput.print(octets: octets)
                return nil
            }
            do throws(RegistryError) { try file.write(octets) } catch { return error }
            return nil
        }
        // What stood in the file stays until the daemon says something, or the trace has ended well.
        let state = Mutex(
            (packets: TracedPackets(), failure: nil as RegistryError?, head: TracedPackets.head(self.tunnel))
        )
        let end = try await self.trace(as: .packets).run(in: centre) { decision in
            state.withLock { state in
                let octets = state.head + state.packets.take(decision)
                state.head = []
                if state.failure == nil, !octets.isEmpty { state.failure = write(octets) }
                return state.failure == nil && StandardOutput.isRead
            }
        }
        let failure = state.withLock { $0.failure ?? write($0.head + $0.packets.finish()) }
        if let failure { throw failure }
        if let end { Terminal.complain("\(end)") }
    }
}
