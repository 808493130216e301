internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `live`: one tunnel as its daemon sees it now.
struct LiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Ask a tunnel's daemon about it: state, endpoint, counters, latency, errors.",
        discussion: """
            With --json, the tunnel's row of the daemon's report.

            Example:
              sixxs-central live T12
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    func run() async throws {
        let store = try self.store.read()
        let pop = try await store.pop(of: self.tunnel)
        let (tunnel, wantsJSON) = (self.tunnel, self.output.json)
        let expectations = try await store.reportExpectations()
        let (text, doubts): (PrintedText, String?) = try await pop.ask { session throws(ConnectionFailure) in
            guard wantsJSON else {
                return (PrintedText(rows: try session.command("tunnel show \(tunnel)").lines ?? []), nil)
            }
            let report = try ReceivedReport(of: pop, asking: session, expectations)
            let row = report.tunnels.first { $0.number == tunnel }
            return (row.flatMap { try? JSONText.pretty($0) } ?? "", report.doubts.words)
        }
        guard text != "" else {
            throw RegistryError.notFound(
                "\(pop.name) does not know \(tunnel) yet: sixxs-central push \(pop.name)"
            )
        }
        StandardOutput.print(text)
        if let doubts { Terminal.complain("\(pop.name): not believed: \(doubts)") }
    }
}

/// `trace`: what a daemon decides about a tunnel's packets.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show what a tunnel's daemon decides about each of its packets, as they come.",
        discussion: """
            Ends by itself, or with Ctrl-C; other tunnels do not notice.

            Examples:
              sixxs-central trace T12
              sixxs-central trace T12 --packets 10 --seconds 30 --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: "End after so many packets, 1 to 100000.",
        transform: { try Parsers.number($0, in: 1...100_000, "packets") }
    )
    var packets = 100
    @Option(
        help: "End after so many seconds, 1 to 3600.",
        transform: { try Parsers.number($0, in: 1...3600, "seconds") }
    )
    var seconds = 60
    @Argument(help: "The tunnel, such as T12.", transform: Parsers.tunnel) var tunnel: TunnelNumber

    /// The reply code of a decision; others follow.
    private static let decision = 202

    func run() async throws {
        let pop = try await self.store.read().pop(of: self.tunnel)
        let line =
            "trace \(self.tunnel) packets \(self.packets) seconds \(self.seconds)"
            + (self.output.json ? " --json" : "")
        let limit = Duration.seconds(self.seconds + 10)
        let isJSON = self.output.json
        let end: String? = try await pop.ask { session throws(ConnectionFailure) in
            _ = try session.command(line)
            let deadline = ContinuousClock.now + limit
            var reply = try session.nextReply(named: line, within: limit)
            while reply.code == Self.decision {
                StandardOutput.print(isJSON ? PrintedText(json: reply.text) : "\(reply.text)")
                guard StandardOutput.isRead else { return nil }
                let rest = deadline - .now
                guard rest > .zero else { throw .timedOut(.request(line), after: limit) }
                reply = try session.nextReply(named: line, within: rest)
            }
            guard reply.isSuccess else {
                throw .refused(.request(line), reply: "\(reply.code) \(reply.text)")
            }
            return reply.text
        }
        if let end { Terminal.complain("\(end)") }
    }
}

extension RegistryStore {
    /// The PoP that a tunnel is at.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    fileprivate func pop(of number: TunnelNumber) async throws -> PoP {
        let snapshot = try await self.snapshot(of: .tunnel(number))
        guard let pop = snapshot.tunnel(number).flatMap({ snapshot.pop($0.popID) }) else {
            throw RegistryError.notFound("there is no tunnel \(number)")
        }
        return pop
    }
}

extension PoP {
    /// Holds a conversation with its daemon.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` with what an operator can do.
    fileprivate func ask<Answer: Sendable>(
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws -> Answer {
        do throws(ConnectionFailure) {
            return try await SSHConnector().converse(with: self, conversation)
        } catch {
            throw RegistryError.unusable("\(self.name): \(error.message(for: self.name))")
        }
    }
}
