internal import Wire

/// The exchange with one daemon in a round: ask what runs, push, ask again, take the report.
struct PushConversation: Sendable {
    let generation: Generation
    var massChange = MassChange.refused

    /// How the exchange ended.
    struct Result: Sendable {
        /// What ran before the push.
        let before: RunningConfiguration
        let outcome: PushOutcome

        /// The daemon's words about the push.
        let reply: String

        /// The report's JSON; a daemon that cannot report was pushed to nevertheless.
        let report: Swift.Result<String, ConnectionFailure>
    }

    private static let digestRequest = "config digest"

    /// - Throws: ``ConnectionFailure`` unless the daemon confirmed that it runs the generation.
    func hold(_ session: any DaemonSession) throws(ConnectionFailure) -> Result {
        let before = try Self.running(session)
        let reply = try self.push(session)
        let after = try Self.running(session)
        guard after.digest == self.generation.digest, after.generation == self.generation.number else {
            let reason =
                "pushed generation \(self.generation.number) sha256 \(self.generation.digest), "
                + "and it says generation \(after.generation) sha256 \(after.digest)"
            throw .nonsense(.request(Self.digestRequest), reason: reason)
        }
        return Result(
            before: before,
            outcome: before.digest == after.digest ? .unchanged : .applied,
            reply: reply,
            report: ReportConversation.attempt(session)
        )
    }

    private static func running(
        _ session: any DaemonSession
    ) throws(ConnectionFailure) -> RunningConfiguration {
        let reply = try session.command(Self.digestRequest)
        do {
            return try RunningConfiguration(parsing: reply.text)
        } catch {
            throw .nonsense(.request(Self.digestRequest), reason: error.description)
        }
    }

    private func push(_ session: any DaemonSession) throws(ConnectionFailure) -> String {
        let name = "config push \(self.generation.number)"
        let request = ControlRequest.push(
            generation: self.generation.number,
            text: self.generation.text,
            isForced: self.massChange == .allowed
        )
        let reply = try session.request(request, named: name)
        guard reply.isSuccess else { throw .refused(.request(name), reply: "\(reply.code) \(reply.text)") }
        return reply.text
    }
}

/// Asking a daemon for its report.
enum ReportConversation {
    private static let request = "pop report"

    /// The report's JSON, or why there is none.
    static func attempt(_ session: any DaemonSession) -> Result<String, ConnectionFailure> {
        Result { () throws(ConnectionFailure) in try Self.hold(session) }
    }

    /// - Throws: ``ConnectionFailure``.
    static func hold(_ session: any DaemonSession) throws(ConnectionFailure) -> String {
        let reply = try session.command(Self.request)
        return (reply.lines ?? [reply.text]).joined(separator: "\n")
    }

    /// Reads a report.
    ///
    /// - Throws: ``ConnectionFailure/nonsense(_:reason:)``.
    static func decode(_ json: String) throws(ConnectionFailure) -> PoPReport {
        do {
            return try PoPReport(json: json)
        } catch {
            throw .nonsense(
                .request(Self.request),
                reason: "expected a report in JSON, found \(json.prefix(80))"
            )
        }
    }
}

/// Whether a push may take away or disable many tunnels of a PoP at once.
enum MassChange: Sendable {
    /// The daemon refuses it.
    case refused
    /// An operator said that it is meant.
    case allowed
}
