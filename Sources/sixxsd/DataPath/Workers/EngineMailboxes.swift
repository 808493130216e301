import Core

/// The mailboxes of all engines of the daemon, which to others are one.
struct EngineMailboxes: Sendable {
    /// Where the first engine, which leads the others, has its mail.
    let first: EngineMailbox
    private let others: [EngineMailbox]

    /// Takes mailboxes in the order of their engines.
    init(_ first: EngineMailbox, _ others: [EngineMailbox] = []) {
        self.first = first
        self.others = others
    }

    /// Does something with each engine on its own thread, with the first before the others.
    ///
    /// - Returns: What came of it, in the order of the engines.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (inout Engine, Timestamp) -> Value
    ) async -> [Value] {
        var values = [await self.first.perform(body)]
        for other in self.others { values.append(await other.perform(body)) }
        return values
    }
}
