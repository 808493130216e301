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
    private let local: IPAddress?
    private let offloads: Offloads
    private let logger: Logger
    private let lookup: PoPLookup
    private var book: PoPAddressBook
    /// What was said last of a lookup that brought no address, so that it is said once.
    private var lastLookupFailure = ""
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
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    init(
        _ encapsulation: TunnelProtocol,
        to pop: PoPHost,
        from local: IPAddress?,
        _ offloads: Offloads,
        at now: Duration,
        _ logger: Logger
    ) throws(SystemCallError) {
        self.lookup = try PoPLookup()
        self.book = PoPAddressBook(pop, at: now) { address in
            encapsulation.canReach(address) && (local.map { $0.isOfSameFamily(as: address) } ?? true)
        }
        self.encapsulation = encapsulation
        self.local = local
        self.offloads = offloads
        self.logger = logger
        self.popSocket = nil
        self.nextAttempt = now
    }

    /// When ``openIfDue(at:)`` or ``lookUpIfDue(at:)`` has something to do; nil while the way is open and its name is known.
    var deadline: Duration? {
        let attempt = self.localAddress == nil && self.book.current != nil ? self.nextAttempt : nil
        return [attempt, self.book.nextLookup].compactMap(\.self).min()
    }

    /// For pollers: readable when the PoP's name was looked up.
    var lookupDescriptor: CInt { self.lookup.fileDescriptor }

    /// The PoP's outer address that packets go to; nil before its name is known.
    var popAddress: IPAddress? { self.book.current }

    /// The PoP as people are told of it: its address, and its name if it was given.
    var popText: String {
        guard case .name(let name) = self.book.host else { return "\(self.book.host)" }
        return self.book.current.map { "\(name) (\($0))" } ?? name
    }

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
        guard self.localAddress == nil, let pop = self.book.current, now >= self.nextAttempt else {
            return false
        }
        do throws(SystemCallError) {
            self.popSocket = try PoPSocket.open(
                self.encapsulation,
                to: pop,
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
            let new = self.book.current.flatMap({ PoPSocket.preferredAddress(toward: $0) }), new != old
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
        guard let address = self.localAddress, let pop = self.book.current else { return false }
        return PoPSocket.preferredAddress(toward: pop, from: self.local) == address
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
        self.logger.notice("\(Advice.hearsay(about: self.popText, "\(error.errno)"))")
    }

    /// Notes that the tunnel works, so that a later refusal is told again.
    mutating func noteAnswer() {
        self.isRefused = false
    }

    private mutating func noteRefusal() {
        guard !self.isRefused else { return }
        self.isRefused = true
        self.logger.warning("\(Advice.refusal(by: self.popText, self.encapsulation))")
    }

    private mutating func noteSuccess() {
        guard let address = self.localAddress else { return }
        switch self.state {
        case .sending: return
        case .untried: self.logger.info("sending to \(self.popText) from \(address)")
        case .failing: self.logger.notice("sending to \(self.popText) again, from \(address)")
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
        self.logger.warning("cannot send to \(self.popText), trying again: \(error)")
    }
}

// The PoP's name.
extension PoPSocketKeeper {
    /// Begins to look the PoP's name up, if that is due.
    mutating func lookUpIfDue(at now: Duration) {
        if let name = self.book.takeLookup(at: now) { self.lookup.begin(name) }
    }

    /// Has the name looked up at once, since the PoP does not answer any more.
    mutating func noteSilence(at now: Duration) { self.book.noteSilence(at: now) }

    /// Takes what came of a lookup; packets may go elsewhere from now on, by sockets that are yet to be opened.
    ///
    /// - Parameters:
    ///   - isAnswering: Whether the PoP answers at the present address.
    ///   - now: The time.
    mutating func takeLookup(tunnelWorks isAnswering: Bool, at now: Duration) {
        let change: PoPAddressBook.Change
        switch self.lookup.take() {
        case nil: return
        case .success(let addresses): change = self.book.note(addresses, isAnswering: isAnswering, at: now)
        case .failure(let failure): change = self.book.noteFailure(failure.description, at: now)
        }
        guard case .moved(let old, let new) = change else { return self.tell(ofFailed: change) }
        self.lastLookupFailure = ""
        self.popSocket = nil
        self.nextAttempt = now
        if let old {
            self.logger.notice("\(self.book.host) has another address: \(new), before \(old)")
        } else {
            self.logger.info("\(self.book.host) has address \(new)")
        }
    }

    private mutating func tell(ofFailed change: PoPAddressBook.Change) {
        guard let words = Advice.lookup(of: self.book, change, for: self.encapsulation, from: self.local)
        else {
            self.lastLookupFailure = ""
            return
        }
        guard words != self.lastLookupFailure else { return }
        self.lastLookupFailure = words
        self.logger.warning("\(words)")
    }
}

extension IPAddress {
    /// Whether both are IPv4 addresses, or both IPv6 addresses.
    func isOfSameFamily(as other: IPAddress) -> Bool {
        AddressFamily(of: self) == AddressFamily(of: other)
    }
}
