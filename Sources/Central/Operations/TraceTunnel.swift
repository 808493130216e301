package import Wire

/// Follows what a tunnel's daemon decides about each of its packets.
package struct TraceTunnel: Sendable {
    package let tunnel: TunnelNumber

    /// After how many packets it ends.
    package let packets: Int

    /// After how long it ends; whole seconds.
    package let duration: Duration

    /// How decisions come.
    package enum Form: Sendable {
        case text
        case json

        /// As JSON, with the packets.
        case packets
    }

    package let form: Form

    /// The reply code of a decision; others follow.
    private static let decision = 202

    package init(_ tunnel: TunnelNumber, packets: Int, duration: Duration, as form: Form) {
        self.tunnel = tunnel
        self.packets = packets
        self.duration = duration
        self.form = form
    }

    private var option: String {
        switch self.form {
        case .text: ""
        case .json: " --json"
        case .packets: " octets"
        }
    }

    /// Calls back with each decision, until the answer is that nobody listens any more.
    ///
    /// - Returns: What the daemon says at the end; nil when nobody listened to it.
    /// - Throws: ``RegistryError``.
    package func run(
        in centre: Centre,
        _ show: @escaping @Sendable (String) -> Bool
    ) async throws -> String? {
        let pop = try await centre.store.registry.pop(of: self.tunnel)
        let line =
            "trace \(self.tunnel) packets \(self.packets) seconds \(self.duration.components.seconds)"
            + self.option
        let limit = self.duration + .seconds(10)
        return try await centre.converse(with: pop) { session throws(ConnectionFailure) in
            _ = try session.command(line)
            let deadline = ContinuousClock.now + limit
            var reply = try session.nextReply(named: line, within: limit)
            while reply.code == Self.decision {
                guard show(reply.text) else { return nil }
                let rest = deadline - .now
                guard rest > .zero else { throw .timedOut(.request(line), after: limit) }
                reply = try session.nextReply(named: line, within: rest)
            }
            guard reply.isSuccess else {
                throw .refused(.request(line), reply: "\(reply.code) \(reply.text)")
            }
            return reply.text
        }
    }
}
