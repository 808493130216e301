import Core
import Wire

/// The tunnels that one session watches.
struct SessionTraces {
    /// One tunnel that is watched.
    private struct Running {
        let feed: TraceFeed
        let task: Task<Void, Never>
        /// Whether the next line from the client ends it.
        let isForeground: Bool
    }

    private let hub: TraceHub
    private let writer: SessionWriter
    private let clock: SessionClock
    private let limit: Int
    private var running: [Running] = []

    init(_ hub: TraceHub, _ writer: SessionWriter, _ clock: SessionClock, limit: Int) {
        self.hub = hub
        self.writer = writer
        self.clock = clock
        self.limit = limit
    }

    /// Begins a trace that the next line ends, or its own limits.
    ///
    /// - Throws: Errors of the connection.
    mutating func trace(_ request: TraceRequest) async throws {
        try await self.writer.send(ControlReply(200, "tracing \(request.name): \(request.limits)"))
        await self.begin(request, isForeground: true)
    }

    /// Begins to show what becomes of a tunnel's packets.
    ///
    /// - Throws: Errors of the connection.
    mutating func debug(_ request: TraceRequest) async throws {
        self.running.removeAll { $0.task.isCancelled }
        guard !self.running.contains(where: { $0.feed.tid == request.tid }) else {
            return try await self.writer.send(ControlReply(304, "debugging of \(request.name) is on already"))
        }
        guard self.running.count < self.limit else {
            let reply = ControlReply(425, "a session may debug \(self.limit) tunnels at once")
            return try await self.writer.send(reply)
        }
        try await self.writer.send(ControlReply(200, "debugging of \(request.name) is on"))
        await self.begin(request, isForeground: false)
    }

    /// Shows a tunnel's packets no more.
    ///
    /// - Throws: Errors of the connection.
    mutating func endDebug(_ tid: TID, name: String) async throws {
        let isThis: (Running) -> Bool = { $0.feed.tid == tid && !$0.isForeground }
        guard self.running.contains(where: isThis) else {
            return try await self.writer.send(ControlReply(304, "debugging of \(name) is off already"))
        }
        await self.end(where: isThis)
        try await self.writer.send(ControlReply(200, "debugging of \(name) is off"))
    }

    /// Ends what the next line from the client ends.
    mutating func endForeground() async { await self.end { $0.isForeground } }

    /// Ends everything.
    mutating func endAll() async {
        for trace in self.running { trace.task.cancel() }
        await self.end { _ in true }
    }

    private mutating func end(where condition: (Running) -> Bool) async {
        for trace in self.running where condition(trace) {
            trace.feed.finish()
            await trace.task.value
        }
        self.running.removeAll(where: condition)
    }

    private mutating func begin(_ request: TraceRequest, isForeground: Bool) async {
        let feed = await self.hub.open(request.tid, withPackets: request.showsPackets)
        let (hub, writer, clock) = (self.hub, self.writer, self.clock)
        let task = Task {
            var show = TraceShow(request, feed)
            let end = await show.run { reply in
                clock.touch()
                try await writer.send(reply)
            }
            await hub.close(feed)
            if isForeground { try? await writer.send(end) }
        }
        self.running.append(Running(feed: feed, task: task, isForeground: isForeground))
    }
}

/// Shows the decisions of one feed as they come, a reply 202 for each, within the limits of a request.
struct TraceShow {
    /// How long the last packet's decisions are waited for.
    private static let grace = Duration.milliseconds(200)

    private let request: TraceRequest
    private let feed: TraceFeed
    private var packets = 0
    private var lastPacket: UInt64?
    private var shown = 0
    private var suppressed: UInt64 = 0
    /// Lines that may be shown in the present second.
    private var allowance = TraceRequest.linesPerSecond
    private var second = ContinuousClock.now

    init(_ request: TraceRequest, _ feed: TraceFeed) {
        self.request = request
        self.feed = feed
    }

    /// Shows until the limits are reached, the feed ends or the connection fails.
    ///
    /// - Returns: How it ended.
    mutating func run(_ send: (ControlReply) async throws -> Void) async -> ControlReply {
        let timer = self.request.seconds.map { Self.end(self.feed, after: .seconds($0)) }
        var last: Task<Void, Never>?
        var packetShown: UInt64?
        for await item in self.feed.items {
            let entry = item.entry
            guard self.count(entry) else { break }
            if last == nil, self.packets == self.request.packets {
                last = Self.end(self.feed, after: Self.grace)
            }
            guard self.mayShow() else {
                self.suppressed += 1
                continue
            }
            self.shown += 1
            let octets = packetShown == entry.packet ? nil : item.packet
            packetShown = entry.packet
            let line = self.request.format.line(entry, packet: self.packets, octets: octets)
            let text = self.request.format == .json ? line : "\(self.request.name) \(line)"
            do { try await send(ControlReply(202, text)) } catch { break }
        }
        timer?.cancel()
        last?.cancel()
        let lost = self.feed.lost + self.suppressed
        return ControlReply(
            200,
            "trace of \(self.request.name) ended: \(self.packets) packets, \(self.shown) decisions, \(lost) lost"
        )
    }

    /// Counts packets; false for one too many.
    private mutating func count(_ entry: DecisionLogEntry) -> Bool {
        guard entry.packet != self.lastPacket else { return true }
        guard self.packets != self.request.packets else { return false }
        self.lastPacket = entry.packet
        self.packets += 1
        return true
    }

    private mutating func mayShow() -> Bool {
        let now = ContinuousClock.now
        if now - self.second >= .seconds(1) {
            self.second = now
            self.allowance = TraceRequest.linesPerSecond
        }
        guard self.allowance > 0 else { return false }
        self.allowance -= 1
        return true
    }

    private static func end(_ feed: TraceFeed, after delay: Duration) -> Task<Void, Never> {
        Task {
            guard (try? await Task.sleep(for: delay)) != nil else { return }
            feed.finish()
        }
    }
}

extension TraceRequest {
    /// What ends it, in words.
    fileprivate var limits: String {
        "at most \(self.packets.map { "\($0) packets" } ?? "all packets")"
            + (self.seconds.map { ", \($0) seconds" } ?? "") + "; a line ends it"
    }
}
