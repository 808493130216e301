internal import Wire

/// A conversation with one daemon, one request at a time.
protocol DaemonSession: AnyObject {
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
    func command(_ line: String, upTo limit: ReplyLimit = .short) throws(ConnectionFailure) -> ControlReply {
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
protocol DaemonConnector: Sendable {
    /// Connects, holds a conversation on a thread of its own, and disconnects.
    ///
    /// - Throws: ``ConnectionFailure``, the conversation's own included.
    func converse<Answer: Sendable>(
        with pop: PoP,
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws(ConnectionFailure) -> Answer
}
