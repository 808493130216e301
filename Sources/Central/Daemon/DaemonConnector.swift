package import Wire

/// A conversation with one daemon, one request at a time.
package protocol DaemonSession: AnyObject {
    /// Sends a request and waits for its reply, of which no more than the limit is read; errors call the request by the
    /// name that is given.
    ///
    /// - Throws: ``ConnectionFailure``; the session is of no use then.
    func request(
        _ octets: [UInt8],
        named name: String,
        upTo limit: ReplyLimit
    ) throws(ConnectionFailure) -> ControlReply

    /// Waits for one more reply to the same request, where a request has several.
    ///
    /// - Throws: ``ConnectionFailure``; the session is of no use then.
    func nextReply(named name: String, within limit: Duration) throws(ConnectionFailure) -> ControlReply
}

extension DaemonSession {
    /// Sends a request of one line, and takes only a good reply.
    ///
    /// - Throws: ``ConnectionFailure/refused(_:reply:)`` when the daemon says no.
    package func command(
        _ line: String,
        upTo limit: ReplyLimit = .short
    ) throws(ConnectionFailure) -> ControlReply {
        let reply = try self.request(Array("\(line)\n".utf8), named: line, upTo: limit)
        guard reply.isSuccess else { throw .refused(.request(line), reply: "\(reply.code) \(reply.text)") }
        return reply
    }
}

extension ReplyLimit {
    /// Of what people read, and of most that is said between programs.
    static let short = ReplyLimit(octets: 256 << 10, lines: 2000)

    /// Of the difference between two configurations: each line of either, and as much again for words.
    static let difference = ReplyLimit(octets: 4 * ControlRequest.maximumPushLength, lines: 100_000)
}

/// How the centre comes to speak with daemons.
package protocol DaemonConnector: Sendable {
    /// Connects, holds a conversation on a thread of its own, and disconnects.
    ///
    /// - Throws: ``ConnectionFailure``, the conversation's own included.
    func converse<Answer: Sendable>(
        with pop: PoP,
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws(ConnectionFailure) -> Answer
}

extension DaemonConnector {
    /// Holds the same conversation with several PoPs.
    ///
    /// - Returns: One answer a PoP, in their order.
    package func ask<Answer: Sendable>(
        _ pops: [PoP],
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil,
        _ conversation: @escaping @Sendable (PoP, any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async -> [Result<Answer, ConnectionFailure>] {
        var done = 0
        return await boundedConcurrency(over: pops) { pop in
            do throws(ConnectionFailure) {
                return .success(
                    try await self.converse(with: pop) { session throws(ConnectionFailure) in
                        try conversation(pop, session)
                    }
                )
            } catch {
                return Result.failure(error)
            }
        } goesOnAfter: { _ in
            done += 1
            progress?(done, pops.count)
            return true
        }
    }
}
