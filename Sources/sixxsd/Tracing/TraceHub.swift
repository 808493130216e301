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

    /// How many sessions want packets.
    private var keepers = 0
    private var pump: Task<Void, Never>?

    init(_ mailboxes: EngineMailboxes) {
        self.mailboxes = mailboxes
    }

    /// Begins to trace a tunnel, with its packets where they are wanted.
    func open(_ tid: TID, withPackets wantsPackets: Bool = false) async -> TraceFeed {
        self.nextID += 1
        let feed = TraceFeed(id: self.nextID, tid: tid, wantsPackets: wantsPackets)
        self.feeds[tid, default: [:]][feed.id] = feed
        if wantsPackets {
            self.keepers += 1
            _ = await self.mailboxes.perform { engine, _ in engine.keepsPackets = true }
        }
        _ = await self.mailboxes.perform { engine, _ in engine.setTracing(of: tid, to: true) }
        if self.pump == nil { self.pump = Task { await self.pumpUntilNobodyTraces() } }
        return feed
    }

    /// Ends what ``open(_:)`` began; the tunnel is traced on if others want it.
    func close(_ feed: TraceFeed) async {
        feed.finish()
        guard self.feeds[feed.tid]?.removeValue(forKey: feed.id) != nil else { return }
        self.keepers -= feed.wantsPackets ? 1 : 0
        if feed.wantsPackets, self.keepers == 0 {
            _ = await self.mailboxes.perform { engine, _ in engine.keepsPackets = false }
        }
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
        let packets = taken.reduce(into: [:]) { $0.merge($1.decisions.packets) { first, _ in first } }
        let lost = taken.reduce(0) { $0 + $1.decisions.lost }
        // The first is told before the others that a tunnel is traced, or gone.
        let ended = taken.first?.ended ?? []
        for entry in Self.inOrder(taken.map(\.decisions.entries)) {
            guard let tid = entry.tid else { continue }
            for feed in (self.feeds[tid] ?? [:]).values { feed.offer(entry, packets[entry.packet]) }
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

    /// A decision, and the packet where it is wanted.
    struct Item: Sendable {
        let entry: DecisionLogEntry
        let packet: [UInt8]?
    }

    let id: Int
    let tid: TID
    let wantsPackets: Bool
    let items: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation
    private let lostCount = Atomic<UInt64>(0)

    init(id: Int, tid: TID, wantsPackets: Bool) {
        self.id = id
        self.tid = tid
        self.wantsPackets = wantsPackets
        (self.items, self.continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.capacity)
        )
    }

    /// How many decisions found no room, here or before; of all traced tunnels for those lost before.
    var lost: UInt64 { self.lostCount.load(ordering: .relaxed) }

    func offer(_ entry: DecisionLogEntry, _ packet: [UInt8]?) {
        let item = Item(entry: entry, packet: self.wantsPackets ? packet : nil)
        if case .dropped = self.continuation.yield(item) { self.lose(1) }
    }

    func lose(_ count: UInt64) {
        if count > 0 { self.lostCount.wrappingAdd(count, ordering: .relaxed) }
    }

    func finish() { self.continuation.finish() }
}
