import LinuxIO
import Logging
import Wire

/// Carries packets between the host and the PoP until a signal comes: reads, asks the session, obeys.
struct ClientLoop: ~Copyable {
    /// What the loop is told once.
    struct Options: Sendable {
        /// The PoP's outer address.
        var pop: IPv4Address
        /// The address to send from, or nil for the one that the route suggests.
        var local: IPv4Address?
        /// The tunnel.
        var settings: SessionSettings
    }

    private enum Token {
        static let signal: UInt64 = 0
        static let tun: UInt64 = 1
        static let udp: UInt64 = 2
        static let raw: UInt64 = 3
    }

    private static let packetsPerTurn = 64
    private static let slotSize = 65_536
    private static let longestWait: Double = 60_000

    private let options: Options
    private let interface: TunnelInterface
    private let signals: SignalDescriptor
    private let poller: Poller
    private let batch: ReceiveBatch
    private let logger: Logger
    private let advice: Advice
    private let memory: PacketMemory
    /// What ``memory`` holds: asked of it for each packet, the optimizer of Swift 6.3 fails on the span made of it.
    private let octets: UnsafeMutableRawBufferPointer
    private var session: TunnelSession
    private var uplink: UplinkKeeper
    private var receivedCount: UInt64 = 0

    /// Prepares the loop.
    ///
    /// - Parameters:
    ///   - options: What doesn't change.
    ///   - interface: The host's side of the tunnel.
    ///   - signals: What ends the loop.
    ///   - logger: Gets one line for each change of state.
    /// - Throws: ``SystemCallError`` when the host has no memory or descriptors left.
    init(
        _ options: Options,
        interface: consuming TunnelInterface,
        signals: consuming SignalDescriptor,
        logger: Logger
    ) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(signals.fileDescriptor, token: Token.signal)
        try poller.add(interface.tun.fileDescriptor, token: Token.tun)
        let batch = try ReceiveBatch(capacity: 32, slotSize: Self.slotSize, headroom: 0)
        let now = Self.now()
        let encapsulation = options.settings.encapsulation
        self.options = options
        self.interface = interface
        self.signals = signals
        self.poller = poller
        self.batch = batch
        self.logger = logger
        self.advice = Advice(settings: options.settings, pop: options.pop)
        let memory = PacketMemory(byteCount: encapsulation.headroom + Self.slotSize)
        self.memory = memory
        self.octets = memory.octets
        self.session = TunnelSession(options.settings, at: now)
        self.uplink = UplinkKeeper(
            encapsulation,
            to: options.pop,
            from: options.local,
            at: now.monotonic,
            logger
        )
    }

    private static func now() -> ClientTime {
        ClientTime(
            monotonic: .nanoseconds(Int64(truncatingIfNeeded: MonotonicClock.now())),
            epoch: WallClock.secondsSince1970()
        )
    }

    /// Runs until SIGINT or SIGTERM.
    ///
    /// - Throws: ``SystemCallError`` when the device fails, for instance because it was removed.
    mutating func run() throws(SystemCallError) {
        while true {
            let now = Self.now()
            if self.uplink.openIfDue(at: now.monotonic) { try self.watchUplink(at: now) }
            try self.sendWhatIsDue(at: now)
            let count = try self.poller.wait(timeoutInMilliseconds: self.timeout(at: now))
            for index in 0..<count {
                switch self.poller.token(at: index) {
                case Token.signal: if self.stops() { return }
                case Token.tun: try self.forwardFromHost()
                case Token.udp: self.receive(.udp)
                default: self.receive(.raw)
                }
            }
        }
    }

    private func stops() -> Bool {
        guard let signal = self.signals.next() else { return false }
        let drops = self.session.drops.total == 0 ? "none" : self.session.drops.summary
        self.logger.info(
            """
            stopped by \(signal == .interrupt ? "SIGINT" : "SIGTERM"): \(self.uplink.sentCount) packets sent, \
            \(self.receivedCount) received, \(self.uplink.lostCount) not sent; dropped: \(drops)
            """
        )
        return true
    }

    /// Milliseconds until something is due, rounded up.
    private func timeout(at now: ClientTime) -> CInt {
        let deadline = min(self.session.deadline, self.uplink.deadline ?? self.session.deadline)
        let rest = (deadline - now.monotonic) / .milliseconds(1)
        return CInt(min(max(rest.rounded(.up), 0), Self.longestWait))
    }

    /// New sockets: they want watching, and the PoP wants to know where we are.
    private mutating func watchUplink(at now: ClientTime) throws(SystemCallError) {
        if let descriptor = self.uplink.fileDescriptor(of: .udp) {
            try self.poller.add(descriptor, token: Token.udp)
        }
        if let descriptor = self.uplink.fileDescriptor(of: .raw) {
            try self.poller.add(descriptor, token: Token.raw)
        }
        self.session.restart(at: now)
    }

    private mutating func sendWhatIsDue(at now: ClientTime) throws(SystemCallError) {
        if self.session.isBeatDue(at: now), self.uplink.followLocalAddress(at: now.monotonic) {
            try self.watchUplink(at: now)
        }
        for transmission in self.session.transmissions(at: now) {
            switch transmission {
            case .beat(let octets): self.uplink.sendBeat(octets.span.bytes, at: now.monotonic)
            case .probe(let octets):
                self.uplink.send(octets.span.bytes, trafficClass: 0, at: now.monotonic)
            }
        }
        self.reportChange(at: now)
    }

    private mutating func reportChange(at now: ClientTime) {
        guard let change = self.session.takeChange() else { return }
        let line = self.advice.line(about: change, self.session, self.uplink.way, at: now)
        switch change {
        case .answering:
            self.uplink.noteAnswer()
            self.logger.notice("\(line)")
        case .silent:
            self.logger.warning("\(line)")
        }
    }

    private mutating func forwardFromHost() throws(SystemCallError) {
        let now = Self.now()
        let headroom = self.options.settings.encapsulation.headroom
        var bytes = MutableRawSpan(_unsafeBytes: self.octets)
        for _ in 0..<Self.packetsPerTurn {
            guard let length = try self.interface.readPacket(into: &bytes, at: headroom) else { return }
            guard let packet = self.session.encapsulate(in: &bytes, at: headroom, length: length, at: now)
            else {
                continue
            }
            let octets = bytes.bytes.extracting(packet.octets)
            self.uplink.send(octets, trafficClass: packet.trafficClass, at: now.monotonic)
        }
    }

    private mutating func receive(_ channel: Uplink.Channel) {
        let now = Self.now()
        // Closed by an error that an earlier descriptor of this turn met.
        guard let descriptor = self.uplink.fileDescriptor(of: channel) else { return }
        do throws(SystemCallError) {
            for index in 0..<(try self.batch.receive(from: descriptor)) { self.handle(index, channel, now) }
        } catch {
            self.uplink.noteFailure(error, at: now.monotonic)
        }
        self.reportChange(at: now)
    }

    private mutating func handle(_ index: Int, _ channel: Uplink.Channel, _ now: ClientTime) {
        let datagram = self.batch.datagram(at: index)
        self.receivedCount += 1
        // Nothing but refusals comes to the socket of the heartbeats.
        if channel == .udp, self.uplink.fileDescriptor(of: .raw) != nil { return }
        var slot = MutableRawSpan(_unsafeBytes: self.batch.slot(at: index))
        let range = 0..<datagram.length
        switch self.session.receive(&slot, range, trafficClass: datagram.trafficClass, at: now) {
        case .deliver(let inner):
            self.deliver(slot.bytes.extracting(inner))
        case .echo(let payload, let nextHeader, let inner):
            if let inner { self.deliver(slot.bytes.extracting(inner)) }
            let answer = self.session.encodeEchoResponse(
                in: &slot,
                payload: payload,
                nextHeader: nextHeader,
                at: now
            )
            self.uplink.send(
                slot.bytes.extracting(answer),
                trafficClass: datagram.trafficClass,
                at: now.monotonic
            )
        case .consume:
            break
        case .drop(let reason):
            self.logger.debug("dropped \(datagram.length) octets: \(reason.rawValue)")
        }
    }

    private func deliver(_ packet: RawSpan) {
        do throws(SystemCallError) {
            try self.interface.tun.write(packet)
        } catch {
            self.logger.debug("a packet was lost: \(error)")
        }
    }
}
