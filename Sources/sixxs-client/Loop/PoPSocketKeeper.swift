import LinuxIO
import Logging
import Wire

/// Keeps the way to the PoP open: opens sockets again after errors and when the host's address changes.
struct PoPSocketKeeper: ~Copyable {
    private static let firstPause: Duration = .seconds(1)
    private static let longestPause: Duration = .seconds(30)
    /// How long nothing is said of more ICMP errors.
    private static let quietTime: Duration = .seconds(3600)

    private let encapsulation: TunnelProtocol
    private let pop: IPv4Address
    private let local: IPAddress?
    private let offloads: Offloads
    private let logger: Logger
    private var popSocket: PoPSocket?
    private var nextAttempt: Duration
    private var pause = Self.firstPause
    private var isRefused = false
    /// When the log was last told of an ICMP error; nil when it never was.
    private var lastHearsay: Duration?
    private var state = State.untried

    /// What the log has been told last, so that it is told changes only.
    private enum State {
        case untried
        case sending
        case failing
    }

    /// Packets sent since the start.
    private(set) var sentCount: UInt64 = 0

    /// Packets that could not be sent since the start.
    private(set) var lostCount: UInt64 = 0

    /// Creates a keeper whose first attempt is due at once.
    init(
        _ encapsulation: TunnelProtocol,
        to pop: IPv4Address,
        from local: IPv4Address?,
        _ offloads: Offloads,
        at now: Duration,
        _ logger: Logger
    ) {
        self.encapsulation = encapsulation
        self.pop = pop
        self.local = local.map(IPAddress.ipv4)
        self.offloads = offloads
        self.logger = logger
        self.popSocket = nil
        self.nextAttempt = now
    }

    /// When ``openIfDue(at:)`` has something to do, or nil while the way is open.
    var deadline: Duration? { self.localAddress == nil ? self.nextAttempt : nil }

    /// The outer address that packets leave from, or nil while there is no way.
    var localAddress: IPAddress? { self.popSocket?.path.local }

    /// What is known about the outer path to the PoP.
    var way: Advice.Way {
        guard let address = self.localAddress else { return .none }
        return self.isRefused ? .refused : .open(from: address)
    }

    /// The descriptor of one of the sockets, or nil.
    func fileDescriptor(of channel: PoPSocket.Channel) -> CInt? {
        self.popSocket?.fileDescriptor(of: channel)
    }

    /// Opens the sockets if they are not, and an attempt is due.
    ///
    /// - Parameter now: The time.
    /// - Returns: Whether they were opened: they must be watched, and the PoP be told.
    mutating func openIfDue(at now: Duration) -> Bool {
        guard let deadline = self.deadline, now >= deadline else { return false }
        do throws(SystemCallError) {
            self.popSocket = try PoPSocket.open(
                self.encapsulation,
                to: self.pop,
                from: self.local,
                self.offloads
            )
            return true
        } catch {
            self.close(after: error, at: now)
            return false
        }
    }

    /// Opens new sockets if packets to the PoP would leave from another address by now.
    ///
    /// - Parameter now: The time.
    /// - Returns: Whether they were opened: they must be watched, and the PoP be told.
    mutating func followLocalAddress(at now: Duration) -> Bool {
        guard self.local == nil, let old = self.localAddress,
            let new = PoPSocket.preferredAddress(toward: self.pop), new != old
        else { return false }
        self.logger.notice("this host's address changed from \(old) to \(new)")
        self.popSocket = nil
        self.nextAttempt = now
        return self.openIfDue(at: now)
    }

    /// Tells the PoP where this end is.
    mutating func sendBeat(_ octets: RawSpan, at now: Duration) {
        do throws(SystemCallError) {
            try self.popSocket?.sendDatagram(octets)
            self.noteSuccess()
        } catch {
            self.noteFailure(error, at: now)
        }
    }

    /// Sends an encapsulated packet, or loses it.
    mutating func send(_ octets: RawSpan, trafficClass: UInt8, at now: Duration) {
        guard self.localAddress != nil else {
            self.lostCount += 1
            return
        }
        do throws(SystemCallError) {
            try self.popSocket?.send(octets, trafficClass: trafficClass)
            self.sentCount += 1
            self.noteSuccess()
        } catch {
            self.lostCount += 1
            self.noteFailure(error, at: now)
        }
    }

    /// Makes the way ready for a batch whose packets have a traffic class.
    ///
    /// - Parameters:
    ///   - trafficClass: Of the outer headers.
    ///   - now: The time.
    /// - Returns: The way, or nil while there is none.
    mutating func prepare(trafficClass: UInt8, at now: Duration) -> PoPSocket.Path? {
        do throws(SystemCallError) {
            try self.popSocket?.setTrafficClass(trafficClass)
            return self.popSocket?.path
        } catch {
            self.noteFailure(error, at: now)
            return nil
        }
    }

    /// Sends a batch after ``prepare(trafficClass:at:)``.
    ///
    /// - Returns: How many messages the kernel refused. They are not counted: what becomes of them is the caller's to say.
    mutating func flush(_ batch: TransmitBatch) -> Int {
        guard let outcome = self.popSocket?.flush(batch) else { return 0 }
        self.sentCount += UInt64(outcome.sent)
        if outcome.sent > 0 { self.noteSuccess() }
        return outcome.failed
    }

    /// Counts packets that could not be sent since there is no way.
    mutating func noteLost(_ count: Int) { self.lostCount += UInt64(count) }

    /// Counts a packet of a batch that the kernel refused.
    mutating func noteLost(_ failure: TransmitBatch.Failure, at now: Duration) {
        self.lostCount += 1
        self.noteFailure(SystemCallError(call: "sendmmsg", errno: failure.errno), at: now)
    }

    /// Looks at what receiving failed with.
    ///
    /// - Returns: Whether it was only an ICMP error, behind which more may wait to be received.
    mutating func noteReceiveFailure(_ error: SystemCallError, at now: Duration) -> Bool {
        guard error.mayComeFromOutside else {
            self.close(after: error, at: now)
            return false
        }
        self.noteHearsay(error, at: now)
        return true
    }

    /// Looks at what sending failed with, though it was tried again.
    private mutating func noteFailure(_ error: SystemCallError, at now: Duration) {
        if error.concernsOnePacket {
            self.logger.debug("a packet was lost: \(error)")
        } else if error.mayComeFromOutside, self.hasWay {
            self.noteHearsay(error, at: now)
        } else {
            self.close(after: error, at: now)
        }
    }

    /// Whether the kernel itself still knows the way, whatever ICMP errors say.
    private var hasWay: Bool {
        guard let address = self.localAddress else { return false }
        return PoPSocket.preferredAddress(toward: self.pop, from: self.local) == address
    }

    /// Notes what an ICMP error says.
    ///
    /// Anybody can make one up, so nothing is done about it.
    private mutating func noteHearsay(_ error: SystemCallError, at now: Duration) {
        guard !error.isRefusal else {
            self.noteRefusal()
            return
        }
        guard !error.isTooLong else {
            self.logger.debug("a packet was too long, or an ICMP error says so: \(error)")
            return
        }
        if let lastHearsay, now - lastHearsay < Self.quietTime { return }
        self.lastHearsay = now
        self.logger.notice("\(Advice.hearsay(about: self.pop, "\(error.errno)"))")
    }

    /// Notes that the tunnel works, so that a later refusal is told again.
    mutating func noteAnswer() {
        self.isRefused = false
    }

    private mutating func noteRefusal() {
        guard !self.isRefused else { return }
        self.isRefused = true
        self.logger.warning("\(Advice.refusal(by: self.pop, self.encapsulation))")
    }

    private mutating func noteSuccess() {
        guard let address = self.localAddress else { return }
        switch self.state {
        case .sending: return
        case .untried: self.logger.info("sending to \(self.pop) from \(address)")
        case .failing: self.logger.notice("sending to \(self.pop) again, from \(address)")
        }
        self.state = .sending
        self.pause = Self.firstPause
    }

    private mutating func close(after error: SystemCallError, at now: Duration) {
        self.popSocket = nil
        self.nextAttempt = now + self.pause
        self.pause = min(self.pause * 2, Self.longestPause)
        if case .failing = self.state { return }
        self.state = .failing
        self.logger.warning("cannot send to \(self.pop), trying again: \(error)")
    }
}
