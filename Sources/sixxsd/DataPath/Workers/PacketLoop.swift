import Core
import LinuxIO
import Wire

/// What a worker's thread does all day: waits for work, and gives each source its turn.
///
/// All memory is allocated when the loop is made. Turns are bounded, so that no source starves another.
struct PacketLoop: ~Copyable {
    /// What the engines of all workers have in common.
    struct Common: Sendable {
        let seed = UInt64.random(in: 0...UInt64.max)
        let sessions = SharedSessions()
        /// What an earlier daemon wrote down, for the first worker's engine.
        let saved: SavedState?
        /// What the kernel forwards by itself; nil where it is nothing.
        let forwarding: KernelForwarding?
    }

    private let sockets: WorkerSockets
    private let mailbox: EngineMailbox
    private let forwarding: KernelForwarding?
    private let poller: Poller
    private var reader: UplinkReader
    private var receiver: UnderlayReceiver
    private var processor: PacketProcessor
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
        var engine = Engine(
            configuration,
            seed: common.seed,
            sharing: common.sessions,
            as: EngineIndex(sockets.share.index, of: sockets.share.count),
            at: Timestamp.now()
        )
        var restored: Int?
        if let saved = common.saved, sockets.share.index == 0 {
            restored = engine.restore(saved, at: Timestamp.now())
        }
        engine.tracksPlainTunnels = common.forwarding != nil
        let processor = try PacketProcessor(engine, sockets, common.forwarding)
        let receiver = try UnderlayReceiver(sockets, waiting: processor.slots.segments.capacity)
        self.poller = try Self.watch(sockets, mailbox)
        self.restoredTunnels = restored
        self.sockets = sockets
        self.mailbox = mailbox
        self.forwarding = common.forwarding
        self.reader = UplinkReader(sockets)
        self.receiver = receiver
        self.processor = processor
        self.busyPoll = BusyPollBudget(longest: sockets.options.longestLook)
    }

    /// The memory that packets are received in.
    var received: ReceiveBatch { self.processor.slots.received }

    /// Reads and writes many messages of the TUN device at once; nil where they are moved one by one.
    var ring: DeviceRing? {
        get { self.processor.ring }
        set { self.processor.ring = newValue }
    }

    private static func watch(
        _ sockets: WorkerSockets,
        _ mailbox: EngineMailbox
    ) throws(SystemCallError) -> Poller {
        let poller = try Poller()
        try poller.add(mailbox.fileDescriptor, token: PacketSource.mailbox.rawValue)
        try poller.add(sockets.tun.fileDescriptor, token: PacketSource.uplink.rawValue)
        try poller.add(sockets.ipv4.sixInFour.fileDescriptor, token: PacketSource.sixInFour4.rawValue)
        try poller.add(sockets.ipv4.gre.fileDescriptor, token: PacketSource.gre4.rawValue)
        try poller.add(sockets.ipv4.ayiya.fileDescriptor, token: PacketSource.ayiya4.rawValue)
        try poller.add(sockets.ipv6.sixInFour.fileDescriptor, token: PacketSource.sixInFour6.rawValue)
        try poller.add(sockets.ipv6.gre.fileDescriptor, token: PacketSource.gre6.rawValue)
        try poller.add(sockets.ipv6.ayiya.fileDescriptor, token: PacketSource.ayiya6.rawValue)
        if let control = sockets.ipv4.control {
            try poller.add(control.icmp.fileDescriptor, token: PacketSource.icmp4.rawValue)
            try poller.add(control.heartbeat.fileDescriptor, token: PacketSource.heartbeat4.rawValue)
        }
        if let control = sockets.ipv6.control {
            try poller.add(control.icmp.fileDescriptor, token: PacketSource.icmp6.rawValue)
            try poller.add(control.heartbeat.fileDescriptor, token: PacketSource.heartbeat6.rawValue)
        }
        return poller
    }

    mutating func run(until isDone: () -> Bool) throws(SystemCallError) {
        // What the kernel leaves from the first packet on is counted.
        self.forwarding?.publish(&self.processor.engine, at: Timestamp.now())
        while !isDone() {
            let ready = try self.waitForWork()
            for index in 0..<ready {
                guard let source = PacketSource(rawValue: self.poller.token(at: index)) else { continue }
                let now = Timestamp.now()
                try self.serve(source, now)
                // Before anything else: what the kernel forwards meanwhile is forwarded as it was.
                self.forwarding?.publish(&self.processor.engine, at: now)
            }
            self.tickIfDue(Timestamp.now())
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
            (try? poller.add(self.mailbox.fileDescriptor, token: PacketSource.mailbox.rawValue)) != nil
        else { return }
        while (try? poller.wait(timeoutInMilliseconds: nil)) != nil {
            self.mailbox.deliver(to: &self.processor.engine, at: Timestamp.now())
        }
    }

    private mutating func serve(_ source: PacketSource, _ now: Timestamp) throws(SystemCallError) {
        switch source {
        case .mailbox:
            // Somebody may want to see what passed, or begin to count anew.
            if self.processor.engine.index.isFirst { self.forwarding?.settle(&self.processor.engine) }
            // A tunnel that is said to be down carries nothing by any way.
            self.mailbox.deliver(to: &self.processor.engine, at: now) {
                [forwarding = self.forwarding] engine in
                forwarding?.publish(&engine, at: now)
            }
        case .uplink: try self.reader.serve(&self.processor, now)
        case .sixInFour4: try self.receiveIPv4(self.sockets.ipv4.sixInFour.fileDescriptor, source, now)
        case .gre4: try self.receiveIPv4(self.sockets.ipv4.gre.fileDescriptor, source, now)
        case .icmp4: try self.receiveIPv4(self.sockets.ipv4.control?.icmp.fileDescriptor, source, now)
        case .sixInFour6:
            try self.receive(self.sockets.ipv6.sixInFour.fileDescriptor, source, .sixInFour, now)
        case .gre6: try self.receive(self.sockets.ipv6.gre.fileDescriptor, source, .gre, now)
        case .icmp6: try self.receive(self.sockets.ipv6.control?.icmp.fileDescriptor, source, .icmpv6, now)
        case .ayiya4: try self.receive(self.sockets.ipv4.ayiya.fileDescriptor, source, .ayiya, now)
        case .ayiya6: try self.receive(self.sockets.ipv6.ayiya.fileDescriptor, source, .ayiya, now)
        case .heartbeat4:
            try self.receive(self.sockets.ipv4.control?.heartbeat.fileDescriptor, source, .heartbeat, now)
        case .heartbeat6:
            try self.receive(self.sockets.ipv6.control?.heartbeat.fileDescriptor, source, .heartbeat, now)
        }
    }

    /// Raw IPv4 sockets give whole packets.
    private mutating func receiveIPv4(
        _ fileDescriptor: CInt?,
        _ source: PacketSource,
        _ now: Timestamp
    ) throws(SystemCallError) {
        guard let fileDescriptor else { return }
        try self.receiver.serveRawIPv4(fileDescriptor, source, &self.processor, now)
    }

    /// Other sockets give what stands behind the outer headers.
    private mutating func receive(
        _ fileDescriptor: CInt?,
        _ source: PacketSource,
        _ payload: OuterPayload,
        _ now: Timestamp
    ) throws(SystemCallError) {
        guard let fileDescriptor else { return }
        try self.receiver.serve(fileDescriptor, source, payload, &self.processor, now)
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
        self.receiver.arrivals.forgetOld(at: now.monotonic)
        guard self.processor.engine.index.isFirst else { return }
        _ = self.processor.engine.expireTunnels(at: now)
        self.forwarding?.publish(&self.processor.engine, at: now)
        if let forwarding = self.forwarding {
            forwarding.tick(&self.processor.engine, at: now)
            forwarding.judgeOrder(isIdle: (try? self.poller.wait(timeoutInMilliseconds: 0)) == 0)
        }
        self.sendProbes(now)
    }

    private mutating func sendProbes(_ now: Timestamp) {
        var isDone = false
        while !isDone {
            self.processor.process(self.received.slot(at: 0), length: 0, now) { engine, buffer, spare in
                let output = engine.nextProbe(in: &buffer, spare: &spare, at: now)
                isDone = output == nil
                return output ?? Output()
            }
            // The next probe is written into the same slot.
            self.processor.flush(now)
        }
    }
}
