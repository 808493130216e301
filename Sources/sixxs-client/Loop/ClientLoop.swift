import Core
import LinuxIO
import Logging
import Wire

/// Carries packets between the host and the PoP until a signal comes: reads, asks the session, does what it says.
struct ClientLoop: ~Copyable {
    /// What the loop is told once.
    struct Options: Sendable {
        /// The PoP's outer address, or its name.
        var pop: PoPHost
        /// The address to send from, or nil for the one that the route suggests.
        var local: IPAddress?
        /// The tunnel.
        var settings: SessionSettings
        /// The device's MTU, in octets.
        var mtu: Int
        /// Whether the kernel may hand over and take many packets as one.
        var offloads: Offloads
        /// The device's name.
        var device: String
        /// Whether the default route goes through it.
        var hasDefaultRoute: Bool
        /// Logs in again when the tunnel is silent; nil where nobody logged in.
        var renewal: LoginRenewal?
    }

    private enum Token {
        static let signal: UInt64 = 0
        static let tun: UInt64 = 1
        static let udp: UInt64 = 2
        static let raw: UInt64 = 3
        static let host: UInt64 = 4
        static let lookup: UInt64 = 5
        static let report: UInt64 = 6
        static let login: UInt64 = 7
    }

    /// Why the loop came to its end.
    enum Ending: Sendable {
        /// A signal came.
        case stopped
        /// The broker tells something else of the tunnel now.
        case renewed(TICAnswer)
    }

    /// What outlives a loop.
    struct Remains: ~Copyable {
        let interface: TunnelInterface
        let signals: SignalDescriptor
        let reports: ReportSocket?
    }

    /// About how many packets are taken from one source before the next has its turn.
    static let packetsPerTurn = 256

    /// How many messages one system call receives.
    private static let mostMessages = 32
    private static let slotSize = 65_536
    private static let longestWait: Double = 60_000

    let options: Options
    let interface: TunnelInterface
    private let signals: SignalDescriptor
    private let poller: Poller
    let logger: Logger
    private let reports: ReportSocket?
    let startedAt: ClientTime
    var session: TunnelSession
    var popSocket: PoPSocketKeeper
    /// What the host must have.
    var host: HostWatch
    /// What the host sends.
    var outward: Outward
    /// What came from the PoP.
    let received: ReceiveBatch
    /// What packets of protocol 41 really are.
    let arrivals: Arrivals
    /// Whether there is anything to ask it about what was received last.
    var hasNews = false
    /// When it was told the last time to forget what is old, in nanoseconds.
    private var lastForgetting: UInt64 = 0
    /// How many messages to receive next.
    var receiveBudget = ReceiveBudget(messages: Self.mostMessages, packets: Self.packetsPerTurn)
    /// Datagrams that wait to be handled, and what some of them must be signed with.
    var unverified: [ReceivedPacket] = []
    var expected = DatagramSignatures()
    /// What goes to the host.
    var hostQueue: HostQueue
    var receivedCount: UInt64 = 0
    /// Logs in again when the tunnel is silent; nil where nobody logged in.
    private var renewal: LoginRenewal?

    /// Prepares the loop.
    ///
    /// - Parameters:
    ///   - options: What doesn't change.
    ///   - interface: The host's side of the tunnel.
    ///   - signals: What ends the loop.
    ///   - reports: Where others ask how the tunnel is; nil for nowhere.
    ///   - logger: Gets one line for each change of state.
    /// - Throws: ``SystemCallError`` when the host has no memory or descriptors left.
    init(
        _ options: Options,
        interface: consuming TunnelInterface,
        signals: consuming SignalDescriptor,
        reports: consuming ReportSocket?,
        logger: Logger
    ) throws(SystemCallError) {
        let poller = try Poller()
        try poller.add(signals.fileDescriptor, token: Token.signal)
        try poller.add(interface.tun.fileDescriptor, token: Token.tun)
        let received = try ReceiveBatch(capacity: Self.mostMessages, slotSize: Self.slotSize, headroom: 0)
        let arrivals = try Arrivals(Self.tap(for: options, logger))
        let outward = try Outward()
        let hostQueue = try HostQueue(logger)
        let now = Self.now()
        let host = try interface.watch(at: now.monotonic, logger)
        try poller.add(host.fileDescriptor, token: Token.host)
        let popSocket = try Self.popSocket(options, at: now, logger)
        try poller.add(popSocket.lookupDescriptor, token: Token.lookup)
        try Self.watch(reports, options.renewal, with: poller)
        self.options = options
        self.interface = interface
        self.signals = signals
        self.poller = poller
        self.received = received
        self.arrivals = arrivals
        self.host = host
        self.outward = outward
        self.hostQueue = hostQueue
        self.unverified.reserveCapacity(DatagramSignatures.most)
        self.logger = logger
        self.reports = reports
        self.renewal = options.renewal
        self.startedAt = now
        self.session = TunnelSession(options.settings, at: now)
        self.popSocket = popSocket
    }

    private static func popSocket(
        _ options: Options,
        at now: ClientTime,
        _ logger: Logger
    ) throws(SystemCallError) -> PoPSocketKeeper {
        try PoPSocketKeeper(
            options.settings.encapsulation,
            to: options.pop,
            from: options.local,
            options.offloads,
            at: now.monotonic,
            logger
        )
    }

    /// Opens what sees packets of protocol 41 as links hand them on; nil without any, or where the process may not.
    private static func tap(for options: Options, _ logger: Logger) -> LinkTap? {
        guard options.settings.encapsulation.isBare else { return nil }
        do throws(SystemCallError) { return try LinkTap() } catch {
            logger.notice("the sizes of packets that links merged (GRO) are estimated: \(error)")
            return nil
        }
    }

    /// Has what nobody asked about forgotten, about once a second while packets come.
    mutating func forgetOldNews(at now: ClientTime) {
        guard now.nanoseconds &- self.lastForgetting > 1_000_000_000 else { return }
        self.lastForgetting = now.nanoseconds
        self.arrivals.forgetOld(at: now.nanoseconds)
    }

    /// Takes the loop apart; its device stays.
    consuming func dismantle() -> Remains {
        Remains(interface: self.interface, signals: self.signals, reports: self.reports)
    }

    static func now() -> ClientTime {
        ClientTime(
            monotonic: .nanoseconds(Int64(truncatingIfNeeded: MonotonicClock.now())),
            epoch: WallClock.secondsSince1970()
        )
    }

    /// Runs until SIGINT or SIGTERM, or until the tunnel is another.
    ///
    /// - Returns: Which of them it was.
    /// - Throws: ``SystemCallError`` when the device fails, for instance because it was removed.
    mutating func run() throws(SystemCallError) -> Ending {
        while true {
            let now = Self.now()
            self.popSocket.lookUpIfDue(at: now.monotonic)
            if self.popSocket.openIfDue(at: now.monotonic) { try self.watchPoPSocket(at: now) }
            try self.sendWhatIsDue(at: now)
            self.renewal?.note(isSilent: self.session.liveness.isSilent, at: now.monotonic)
            self.renewal?.beginIfDue(at: now.monotonic)
            self.host.lookIfDue(at: now.monotonic, tunnelWorks: self.session.liveness.isAnswering)
            let count = try self.poller.wait(timeoutInMilliseconds: self.timeout(at: now))
            // The wait may have been long.
            let woken = Self.now()
            for index in 0..<count {
                switch self.poller.token(at: index) {
                case Token.signal: if self.stops() { return .stopped }
                case Token.tun: try self.serveHost()
                case Token.udp: self.receive(.udp)
                case Token.host: self.host.noteChange(at: woken.monotonic)
                case Token.lookup:
                    let isAnswering = self.session.liveness.isAnswering
                    self.popSocket.takeLookup(tunnelWorks: isAnswering, at: woken.monotonic)
                case Token.report: self.tellReport(at: woken)
                case Token.login:
                    if let answer = self.renewal?.take(at: woken.monotonic) { return .renewed(answer) }
                default: self.receive(.raw)
                }
            }
        }
    }

    private static func watch(
        _ reports: borrowing ReportSocket?,
        _ renewal: LoginRenewal?,
        with poller: borrowing Poller
    ) throws(SystemCallError) {
        if let renewal { try poller.add(renewal.fileDescriptor, token: Token.login) }
        switch reports {
        case .some(let socket): try poller.add(socket.fileDescriptor, token: Token.report)
        case .none: break
        }
    }

    /// Tells one who asks how the tunnel is.
    private func tellReport(at now: ClientTime) {
        let report = self.report(at: now)
        switch self.reports {
        case .some(let socket): socket.answer { report.encoded }
        case .none: break
        }
    }

    private func stops() -> Bool {
        guard let signal = self.signals.next() else { return false }
        let drops = self.session.drops.total == 0 ? "none" : self.session.drops.summary
        self.logger.info(
            """
            stopped by \(signal == .interrupt ? "SIGINT" : "SIGTERM"): \(self.popSocket.sentCount.counted("packet")) sent, \
            \(self.receivedCount) received, \(self.popSocket.lostCount) not sent; dropped: \(drops)
            """
        )
        return true
    }

    /// Milliseconds until something is due, rounded up.
    private func timeout(at now: ClientTime) -> CInt {
        let sessionDeadline = min(self.session.deadline, self.host.deadline)
        let others = [self.popSocket.deadline, self.renewal?.deadline].compactMap(\.self)
        let deadline = others.reduce(sessionDeadline, min)
        let rest = (deadline - now.monotonic) / .milliseconds(1)
        return CInt(min(max(rest.rounded(.up), 0), Self.longestWait))
    }

    /// New sockets: they want watching, and the PoP wants to know where we are.
    private mutating func watchPoPSocket(at now: ClientTime) throws(SystemCallError) {
        if let descriptor = self.popSocket.fileDescriptor(of: .udp) {
            try self.poller.add(descriptor, token: Token.udp)
        }
        if let descriptor = self.popSocket.fileDescriptor(of: .raw) {
            try self.poller.add(descriptor, token: Token.raw)
        }
        self.session.restart(at: now)
    }

    private mutating func sendWhatIsDue(at now: ClientTime) throws(SystemCallError) {
        if self.session.isBeatDue(at: now), self.popSocket.followLocalAddress(at: now.monotonic) {
            try self.watchPoPSocket(at: now)
        }
        for transmission in self.session.transmissions(at: now) {
            switch transmission {
            case .beat(let octets): self.popSocket.sendBeat(octets.span.bytes, at: now.monotonic)
            case .probe(let octets):
                self.popSocket.send(octets.span.bytes, trafficClass: 0, at: now.monotonic)
            }
        }
        self.reportChange(at: now)
    }

    /// Logs what changed, if something did.
    mutating func reportChange(at now: ClientTime) {
        guard let change = self.session.takeChange() else { return }
        let advice = Advice(settings: self.options.settings, pop: self.popSocket.popText)
        let line = advice.line(about: change, self.session, self.popSocket.way, at: now)
        switch change {
        case .answering:
            self.popSocket.noteAnswer()
            self.host.lookSoon(at: now.monotonic)
            self.logger.notice("\(line)")
        case .silent:
            self.popSocket.noteSilence(at: now.monotonic)
            self.logger.warning("\(line)")
        }
    }
}
