import Core
import LinuxIO
import Wire

/// Reads, asks, transmits: what a worker's thread does all day.
///
/// All memory is allocated when the loop is made. Batches are bounded, so that no source starves another.
struct PacketLoop: ~Copyable {
    /// How many packets are taken from one source before the next has its turn.
    static let turn = DataPathOptions.largestBatch

    /// The longest packet, in octets, and the room in front of it; not whole pages but three lines of the cache more, so that
    /// the slots' beginnings fall into different ones.
    private static let slotSize = 17 * 4096 + 3 * 64

    /// A packet of 2048 octets, and the room in front of it and behind; 37 lines of the cache, so that the slots'
    /// beginnings fall into different ones.
    private static let segmentSlotSize = 37 * 64

    enum Source: UInt64, CaseIterable {
        case mailbox
        case uplink
        case sixInFour4, gre4, icmp4, ayiya4, heartbeat4
        case sixInFour6, gre6, icmp6, ayiya6, heartbeat6
    }

    /// What the engines of all workers have in common.
    struct Common: Sendable {
        let seed = UInt64.random(in: 0...UInt64.max)
        let sessions = SharedSessions()
        /// What an earlier daemon wrote down, for the first worker's engine.
        let saved: SavedState?
    }

    let sockets: WorkerSockets
    private let mailbox: EngineMailbox
    private let poller: Poller
    let received: ReceiveBatch
    /// Reads and writes many messages of the TUN device at once; nil where they are moved one by one.
    var ring: DeviceRing?
    /// How many to read at once next.
    var readBatchSize = ReadBatchSize(most: DeviceRing.capacity)
    /// What bare packets really are.
    let arrivals: Arrivals
    /// Whether there is anything to ask it about what was received last.
    var hasNews = false
    /// How much to take from each source next, in the order of the sources.
    var receiveBudgets: [ReceiveBudget]
    /// Second buffers for the engine; those whose packet waits to be sent come first.
    let spares: ReceiveBatch
    var usedSpares = 0
    /// Takes the packets that another was cut up into; those that wait to be sent come first.
    let segments: PacketArena
    var usedSegments = 0
    /// Takes one of those that is larger than any tunnel's, which nothing waits in.
    let largeSegment: PacketArena
    /// Takes packets that the kernel hands over as one, where that was foreseen.
    var scatterBuffers: ScatterBuffers
    /// How the next message of each source is expected to be, in the order of the sources; nil for anything.
    var layouts: [ScatterLayout?]
    /// Those of packets that wait to be signed together.
    var signatures = AYIYASignatures()
    /// AYIYA datagrams that wait to be given to the engine, and what some of them must be signed with.
    var datagrams: [Datagram] = []
    var expected = AYIYASignatures()
    /// Tells packets to this host from those to everybody on its link.
    var broadcasts: BroadcastCheck
    var egress: Egress
    var engine: Engine
    /// How many tunnels carry packets because of what an earlier daemon wrote down; nil where nothing was.
    private(set) var restoredTunnels: Int?
    private var nextTick: UInt64 = 0
    private var busyPoll: BusyPollBudget

    init(
        _ sockets: WorkerSockets,
        _ configuration: EngineConfiguration,
        _ common: Common,
        _ mailbox: EngineMailbox
    ) throws(SystemCallError) {
        let headroom = PacketBuffer.headroom
        let capacity = sockets.options.batchSize
        let received = try ReceiveBatch(capacity: capacity, slotSize: Self.slotSize, headroom: headroom)
        let spares = try ReceiveBatch(capacity: capacity, slotSize: Self.slotSize, headroom: headroom)
        let segments = try PacketArena(capacity: 2 * capacity, slotSize: Self.segmentSlotSize)
        let largeSegment = try PacketArena(capacity: 1, slotSize: Self.slotSize)
        let scatterBuffers = try ScatterBuffers(capacity: capacity, slotSize: Self.segmentSlotSize)
        let arrivals = try Arrivals(sockets.tap)
        let poller = try Self.watch(sockets, mailbox)
        let broadcasts = try BroadcastCheck()
        self.arrivals = arrivals
        self.sockets = sockets
        self.mailbox = mailbox
        self.received = received
        let receiveBudget = ReceiveBudget(messages: capacity, packets: Self.mostSegments)
        self.receiveBudgets = Source.allCases.map { _ in receiveBudget }
        self.spares = spares
        self.segments = segments
        self.largeSegment = largeSegment
        self.scatterBuffers = scatterBuffers
        self.layouts = Source.allCases.map { _ in nil }
        self.poller = poller
        self.broadcasts = broadcasts
        self.egress = Egress(sockets, capacity: 2 * capacity)
        self.engine = Engine(
            configuration,
            seed: common.seed,
            sharing: common.sessions,
            as: EngineIndex(sockets.share.index, of: sockets.share.count),
            at: Self.now()
        )
        if let saved = common.saved, sockets.share.index == 0 {
            self.restoredTunnels = self.engine.restore(saved, at: Self.now())
        }
        self.busyPoll = BusyPollBudget(longest: sockets.options.longestLook)
        self.datagrams.reserveCapacity(segments.capacity)
        self.engine.defersSignatures = sockets.options.batchSize > 1
    }

    private static func watch(
        _ sockets: WorkerSockets,
        _ mailbox: EngineMailbox
    ) throws(SystemCallError) -> Poller {
        let poller = try Poller()
        try poller.add(mailbox.fileDescriptor, token: Source.mailbox.rawValue)
        try poller.add(sockets.tun.fileDescriptor, token: Source.uplink.rawValue)
        try poller.add(sockets.ipv4.sixInFour.fileDescriptor, token: Source.sixInFour4.rawValue)
        try poller.add(sockets.ipv4.gre.fileDescriptor, token: Source.gre4.rawValue)
        try poller.add(sockets.ipv4.ayiya.fileDescriptor, token: Source.ayiya4.rawValue)
        try poller.add(sockets.ipv6.sixInFour.fileDescriptor, token: Source.sixInFour6.rawValue)
        try poller.add(sockets.ipv6.gre.fileDescriptor, token: Source.gre6.rawValue)
        try poller.add(sockets.ipv6.ayiya.fileDescriptor, token: Source.ayiya6.rawValue)
        if let control = sockets.ipv4.control {
            try poller.add(control.icmp.fileDescriptor, token: Source.icmp4.rawValue)
            try poller.add(control.heartbeat.fileDescriptor, token: Source.heartbeat4.rawValue)
        }
        if let control = sockets.ipv6.control {
            try poller.add(control.icmp.fileDescriptor, token: Source.icmp6.rawValue)
            try poller.add(control.heartbeat.fileDescriptor, token: Source.heartbeat6.rawValue)
        }
        return poller
    }

    private static func now() -> Timestamp {
        Timestamp(monotonic: MonotonicClock.now(), unixTime: Int64(clamping: WallClock.secondsSince1970()))
    }

    mutating func run(until isDone: () -> Bool) throws(SystemCallError) {
        while !isDone() {
            let ready = try self.waitForWork()
            for index in 0..<ready {
                guard let source = Source(rawValue: self.poller.token(at: index)) else { continue }
                try self.serve(source, Self.now())
            }
            self.tickIfDue(Self.now())
        }
    }

    /// Looks for work for a while where it is likely to come soon, and sleeps until there is some or a tick is due.
    private mutating func waitForWork() throws(SystemCallError) -> Int {
        let timeout = self.millisecondsToNextTick()
        let began = MonotonicClock.now()
        while self.busyPoll.budget > 0, timeout > 0 {
            let ready = try self.poller.wait(timeoutInMilliseconds: 0)
            if ready > 0 { return ready }
            guard MonotonicClock.now() - began >= self.busyPoll.budget else { continue }
            self.busyPoll.noteLookInVain()
            break
        }
        let asleep = MonotonicClock.now()
        let ready = try self.poller.wait(timeoutInMilliseconds: timeout)
        if ready > 0 { self.busyPoll.noteSleep(MonotonicClock.now() - asleep) }
        return ready
    }

    /// Does what others ask of the engine although packets are served no more, until the process ends: a session that
    /// waits for an answer would otherwise keep the daemon from ending.
    mutating func answerMail() {
        // Who starts next can have the TUN device as soon as this process ended.
        self.ring = nil
        guard let poller = try? Poller(capacity: 1),
            (try? poller.add(self.mailbox.fileDescriptor, token: Source.mailbox.rawValue)) != nil
        else { return }
        while (try? poller.wait(timeoutInMilliseconds: nil)) != nil {
            self.mailbox.deliver(to: &self.engine, at: Self.now())
        }
    }

    private mutating func serve(_ source: Source, _ now: Timestamp) throws(SystemCallError) {
        switch source {
        case .mailbox: self.mailbox.deliver(to: &self.engine, at: now)
        case .uplink: try self.serveUplink(now)
        case .sixInFour4: try self.serveRawIPv4(self.sockets.ipv4.sixInFour.fileDescriptor, source, now)
        case .gre4: try self.serveRawIPv4(self.sockets.ipv4.gre.fileDescriptor, source, now)
        case .icmp4, .heartbeat4: try self.serveControl(self.sockets.ipv4.control, source, now)
        case .ayiya4: try self.serve(self.sockets.ipv4.ayiya.fileDescriptor, source, .ayiya, now)
        case .sixInFour6: try self.serve(self.sockets.ipv6.sixInFour.fileDescriptor, source, .sixInFour, now)
        case .gre6: try self.serve(self.sockets.ipv6.gre.fileDescriptor, source, .gre, now)
        case .icmp6, .heartbeat6: try self.serveControl(self.sockets.ipv6.control, source, now)
        case .ayiya6: try self.serve(self.sockets.ipv6.ayiya.fileDescriptor, source, .ayiya, now)
        }
    }

    private mutating func serveControl(
        _ sockets: ControlSockets?,
        _ source: Source,
        _ now: Timestamp
    ) throws(SystemCallError) {
        guard let sockets else { return }
        switch source {
        case .icmp4: try self.serveRawIPv4(sockets.icmp.fileDescriptor, source, now)
        case .icmp6: try self.serve(sockets.icmp.fileDescriptor, source, .icmpv6, now)
        default: try self.serve(sockets.heartbeat.fileDescriptor, source, .heartbeat, now)
        }
    }

    // MARK: - Time

    private func millisecondsToNextTick() -> CInt {
        let now = MonotonicClock.now()
        guard self.nextTick > now else { return 0 }
        return CInt(clamping: (self.nextTick - now) / 1_000_000 + 1)
    }

    private mutating func tickIfDue(_ now: Timestamp) {
        guard now.monotonic >= self.nextTick else { return }
        self.nextTick = now.monotonic + 1_000_000_000
        self.arrivals.forgetOld(at: now.monotonic)
        guard self.engine.index.isFirst else { return }
        _ = self.engine.expireTunnels(at: now)
        self.sendProbes(now)
    }

    private mutating func sendProbes(_ now: Timestamp) {
        var isDone = false
        while !isDone {
            self.process(self.received.slot(at: 0), length: 0, now) { engine, buffer, spare in
                let output = engine.nextProbe(in: &buffer, spare: &spare, at: now)
                isDone = output == nil
                return output ?? Output()
            }
            // The next probe is written into the same slot.
            self.flush(now)
        }
    }
}
