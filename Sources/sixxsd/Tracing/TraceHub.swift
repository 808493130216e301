import Core
import Synchronization
import Wire

/// Brings decisions about traced tunnels from the engine to the sessions that want to see them.
///
/// While nobody traces, nothing runs and the engine writes nothing down.
actor TraceHub {
    /// How often the engine is asked, and so the longest delay.
    private static let period = Duration.milliseconds(50)

    private let mailboxes: EngineMailboxes
    private var feeds: [TID: [Int: TraceFeed]] = [:]
    private var nextID = 0
    private var pump: Task<Void, Never>?

    init(_ mailboxes: EngineMailboxes) {
        self.mailboxes = mailboxes
    }

    /// Begins to trace a tunnel.
    func open(_ tid: TID) async -> TraceFeed {
        self.nextID += 1
        let feed = TraceFeed(id: self.nextID, tid: tid)
        self.feeds[tid, default: [:]][feed.id] = feed
        _ = await self.mailboxes.perform { engine, _ in engine.setTracing(of: tid, to: true) }
        if self.pump == nil { self.pump = Task { await self.pumpUntilNobodyTraces() } }
        return feed
    }

    /// Ends what ``open(_:)`` began; the tunnel is traced on if others want it.
    func close(_ feed: TraceFeed) async {
        feed.finish()
        self.feeds[feed.tid]?[feed.id] = nil
        guard self.feeds[feed.tid]?.isEmpty == true else { return }
        self.feeds[feed.tid] = nil
        _ = await self.mailboxes.perform { engine, _ in engine.setTracing(of: feed.tid, to: false) }
    }

    private func pumpUntilNobodyTraces() async {
        while !self.feeds.isEmpty {
            await self.deliver()
            try? await Task.sleep(for: Self.period)
        }
        self.pump = nil
    }

    /// The decisions of all engines by the time their packets came; those about one packet stay together.
    private static func inOrder(_ entries: [[DecisionLogEntry]]) -> [DecisionLogEntry] {
        guard entries.count > 1 else { return entries.first ?? [] }
        return entries.joined().enumerated().sorted { first, second in
            (first.element.timestamp.monotonic, first.offset) < (
                second.element.timestamp.monotonic, second.offset
            )
        }.map(\.element)
    }

    private func deliver() async {
        let tids = Array(self.feeds.keys)
        let taken = await self.mailboxes.perform { engine, _ in
            (decisions: engine.takeDecisions(), ended: tids.filter { !engine.isTraced($0) })
        }
        let lost = taken.reduce(0) { $0 + $1.decisions.lost }
        // The first is told before the others that a tunnel is traced, or gone.
        let ended = taken.first?.ended ?? []
        for entry in Self.inOrder(taken.map(\.decisions.entries)) {
            guard let tid = entry.tid else { continue }
            for feed in (self.feeds[tid] ?? [:]).values { feed.offer(entry) }
        }
        for (tid, feeds) in self.feeds {
            for feed in feeds.values {
                feed.lose(lost)
                // A tunnel that was removed is another one when it comes back.
                if ended.contains(tid) { feed.finish() }
            }
        }
    }
}

/// The decisions about one tunnel for one session: a bounded queue.
final class TraceFeed: Sendable {
    /// How many decisions wait for a session at most.
    private static let capacity = 1024

    let id: Int
    let tid: TID
    let entries: AsyncStream<DecisionLogEntry>
    private let continuation: AsyncStream<DecisionLogEntry>.Continuation
    private let lostCount = Atomic<UInt64>(0)

    init(id: Int, tid: TID) {
        self.id = id
        self.tid = tid
        (self.entries, self.continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.capacity)
        )
    }

    /// How many decisions found no room, here or before; of all traced tunnels for those lost before.
    var lost: UInt64 { self.lostCount.load(ordering: .relaxed) }

    func offer(_ entry: DecisionLogEntry) {
        if case .dropped = self.continuation.yield(entry) { self.lose(1) }
    }

    func lose(_ count: UInt64) {
        if count > 0 { self.lostCount.wrappingAdd(count, ordering: .relaxed) }
    }

    func finish() { self.continuation.finish() }
}
