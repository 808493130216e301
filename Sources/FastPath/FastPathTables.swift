internal import CFastPath
public import Core
internal import LinuxIO
internal import Synchronization
public import Wire

/// What the kernel's programs forward by, and what they counted.
///
/// Whoever wants may write, one after the other, and read what was counted. Of the tables that a configuration fills there are two, and
/// one word says which is in force: a configuration changes between two packets.
public final class FastPathTables: Sendable {
    /// How many tunnels there can be.
    static let tunnels = Int(FAST_PATH_TUNNELS)

    private enum Control {
        static let alive = MemoryLayout<fast_path_control>.offset(of: \.alive) ?? 0
        static let bankAndTUN = MemoryLayout<fast_path_control>.offset(of: \.bank) ?? 0
    }

    private enum Tunnel {
        static let ends = MemoryLayout<fast_path_tunnel>.offset(of: \.ends) ?? 0
        static let terms = MemoryLayout<fast_path_tunnel>.offset(of: \.terms) ?? 0
    }

    private let control: BPFTable
    private let plans: BPFTable
    private let rows: BPFTable
    let ipv6Ends: IPv6EndsTable
    /// What of it the daemon has in hand.
    public let order: FastPathOrder
    private let counters: BPFTable
    private let records: BPFTable
    private let processors: Int
    private let writing: Mutex<Writing>

    /// What whoever writes must know.
    private struct Writing {
        /// The tunnels of which the two banks may say different things.
        var differing = TIDSet()
        /// What routes allow; nil where nobody asks for that.
        var limits: RouteLimits?
    }

    /// Maps the tables of loaded programs.
    ///
    /// - Parameters:
    ///   - object: The programs.
    ///   - processors: How many of them write counters.
    ///   - limits: What routes allow; nil where nobody asks for that.
    /// - Throws: ``LinuxIO/SystemCallError`` where a table can't be mapped.
    init(of object: BPFObject, processors: Int, limits: RouteLimits?) throws(SystemCallError) {
        self.control = try object.table("controls")
        self.plans = try object.table("plans")
        self.rows = try object.table("tunnels")
        self.ipv6Ends = try IPv6EndsTable(of: object)
        self.order = try FastPathOrder(of: object)
        self.counters = try object.table("counters")
        self.records = try object.table("processors")
        self.processors = processors
        self.writing = Mutex(Writing(limits: limits))
    }

    // MARK: - The daemon's word

    /// Says that the daemon lives: for two seconds more, packets are forwarded.
    ///
    /// - Parameter now: Nanoseconds of the monotonic clock.
    public func sayAlive(at now: UInt64) {
        self.control.word(at: Control.alive, of: 0).pointee.store(now, ordering: .releasing)
    }

    /// Has everything be left alone until ``sayAlive(at:)``.
    public func fallSilent() {
        self.control.word(at: Control.alive, of: 0).pointee.store(0, ordering: .releasing)
    }

    private var bankAndTUN: UInt64 {
        get { self.control.word(at: Control.bankAndTUN, of: 0).pointee.load(ordering: .relaxed) }
        set { self.control.word(at: Control.bankAndTUN, of: 0).pointee.store(newValue, ordering: .releasing) }
    }

    var bank: Int { Int(self.bankAndTUN & 1) }

    // MARK: - What packets are forwarded by

    /// Puts a configuration in force, at one instant.
    ///
    /// - Parameters:
    ///   - plan: Its address plan.
    ///   - device: Index of the TUN device.
    ///   - tids: The tunnels that may differ from those in force; nil for all.
    ///   - tunnel: What the packets of a tunnel travel under; nil for one that can't be on the fast path.
    /// - Returns: Whether a tunnel was on the fast path that is no more.
    @discardableResult
    public func replace(
        _ plan: AddressPlan,
        device: UInt32,
        changing tids: [TID]? = nil,
        tunnel: (TID) -> PlainTunnel?
    ) -> Bool {
        self.writing.withLock { writing in
            // What still reads the other bank began before the last change, long ago.
            let old = self.bank
            let bank = 1 - old
            withUnsafeBytes(of: plan.layout) { self.plans.write($0, at: bank) }
            writing.differing.forEach { self.copyRow(of: $0, from: old, to: bank) }
            writing.differing.removeAll()
            var isSlower = false
            for tid in tids ?? TID.all where self.write(tunnel(tid), of: tid, in: bank, &writing) {
                isSlower = isSlower || (self.isFast(tid, in: old) && !self.isFast(tid, in: bank))
            }
            self.bankAndTUN = UInt64(device) << 32 | UInt64(bank)
            return isSlower
        }
    }

    /// Makes a row of a bank that nobody reads what it is in the other.
    private func copyRow(of tid: TID, from old: Int, to new: Int) {
        for offset in [Tunnel.ends, Tunnel.terms] {
            let word = self.rows.word(at: offset, of: Self.row(of: tid, in: old)).pointee.load(
                ordering: .relaxed
            )
            self.rows.word(at: offset, of: Self.row(of: tid, in: new)).pointee.store(word, ordering: .relaxed)
        }
        self.ipv6Ends.copy(from: Self.row(of: tid, in: old), to: Self.row(of: tid, in: new))
    }

    static func row(of tid: TID, in bank: Int) -> Int { bank * Self.tunnels + Int(tid.rawValue) }

    /// Changes what the packets of a tunnel travel under, or takes it off the fast path.
    ///
    /// - Returns: Whether it was on the fast path, and is no more.
    @discardableResult
    public func update(_ tid: TID, to tunnel: PlainTunnel?) -> Bool {
        self.writing.withLock { self.update(tid, to: tunnel, &$0) }
    }

    private func update(_ tid: TID, to tunnel: PlainTunnel?, _ writing: inout Writing) -> Bool {
        let wasFast = self.isFast(tid)
        return self.write(tunnel, of: tid, in: self.bank, &writing) && wasFast && !self.isFast(tid)
    }

    /// Whether packets of a tunnel are forwarded.
    public func isFast(_ tid: TID) -> Bool { self.isFast(tid, in: self.bank) }

    private func isFast(_ tid: TID, in bank: Int) -> Bool {
        let row = Self.row(of: tid, in: bank)
        let terms = self.rows.word(at: Tunnel.terms, of: row).pointee.load(ordering: .relaxed)
        return UInt16(truncatingIfNeeded: terms) > 0
    }

    func ends(of tid: TID) -> UInt64 {
        let row = Self.row(of: tid, in: self.bank)
        return self.rows.word(at: Tunnel.ends, of: row).pointee.load(ordering: .relaxed)
    }

    func terms(of tid: TID) -> UInt64 {
        let row = Self.row(of: tid, in: self.bank)
        return self.rows.word(at: Tunnel.terms, of: row).pointee.load(ordering: .relaxed)
    }

    /// Writes a row.
    ///
    /// - Returns: Whether it was another.
    private func write(
        _ tunnel: PlainTunnel?,
        of tid: TID,
        in bank: Int,
        _ writing: inout Writing
    ) -> Bool {
        let tunnel = writing.limits?.restrict(tunnel, of: tid) ?? tunnel
        let row = Self.row(of: tid, in: bank)
        let terms = self.rows.word(at: Tunnel.terms, of: row)
        let ends = self.rows.word(at: Tunnel.ends, of: row)
        let old = (ends: ends.pointee.load(ordering: .relaxed), terms: terms.pointee.load(ordering: .relaxed))
        let ipv6Ends = tunnel?.ipv6Ends
        let isMoved = ipv6Ends.map { !self.ipv6Ends.holds($0, in: row) } ?? false
        let new = (ends: tunnel?.ends ?? (isMoved ? old.ends &+ 1 : old.ends), terms: tunnel?.terms ?? 0)
        guard new != old else { return false }
        writing.differing.insert(tid)
        if old.ends != new.ends {
            // Nobody may see the old ends with the new terms, or the other way round.
            terms.pointee.store(0, ordering: .sequentiallyConsistent)
            ends.pointee.store(new.ends, ordering: .sequentiallyConsistent)
            if let ipv6Ends { self.ipv6Ends.store(ipv6Ends, in: row) }
        }
        terms.pointee.store(new.terms, ordering: .sequentiallyConsistent)
        return true
    }

    // MARK: - What routes allow

    /// Takes the tunnels away whose routes are to be asked for, with the users' addresses.
    public func takeUnaskedRoutes() -> [(tid: TID, remote: IPAddress)] {
        self.writing.withLock { $0.limits?.takeUnasked() ?? [] }
    }

    /// Whether there are such.
    public var hasUnaskedRoutes: Bool { self.writing.withLock { $0.limits?.hasUnasked ?? false } }

    /// Has the routes toward some users be asked for again; until there is an answer, the last one is gone by.
    ///
    /// - Parameter isConcerned: Whether the route to a user may be another one now.
    public func askForRoutesAgain(_ isConcerned: (IPAddress) -> Bool) {
        // There may be many users, and many routes that changed: workers need not wait for that.
        let users = self.writing.withLock { $0.limits?.users ?? [] }
        let concerned = users.filter { isConcerned($0.remote) }.map(\.tid)
        self.writing.withLock { $0.limits?.askAgain(concerned) }
    }

    /// Whether an answer says what is known: mostly a route that changed is as wide as it was.
    ///
    /// - Parameters:
    ///   - octets: Size of the largest outer packet that the route takes; nil for no route.
    ///   - tid: The tunnel.
    ///   - remote: The user's address that was asked about.
    /// - Returns: Whether it does.
    public func isKnown(_ octets: UInt16?, of tid: TID, toward remote: IPAddress) -> Bool {
        self.writing.withLock { $0.limits?.isKnown(octets, of: tid, toward: remote) ?? true }
    }

    /// Takes the answer.
    ///
    /// - Parameters:
    ///   - octets: Size of the largest outer packet that the route takes; nil for no route.
    ///   - tid: The tunnel.
    ///   - remote: The user's address that was asked about.
    /// - Returns: Whether the tunnel was on the fast path, and is no more.
    public func allow(_ octets: UInt16?, of tid: TID, toward remote: IPAddress) -> Bool {
        self.writing.withLock { writing in
            // The user may have moved on.
            guard let tunnel = writing.limits?.note(octets, of: tid, toward: remote) else { return false }
            return self.update(tid, to: tunnel, &writing)
        }
    }

    // MARK: - What was counted

    /// What passed of a tunnel since the programs were loaded.
    public func traffic(of tid: TID) -> TrafficCounters {
        var traffic = TrafficCounters()
        for processor in 0..<self.processors {
            let row = processor * Self.tunnels + Int(tid.rawValue)
            let size = MemoryLayout<fast_path_traffic>.stride
            var part = TrafficCounters()
            part.ingress = self.direction(at: 0, of: row)
            part.egress = self.direction(at: size, of: row)
            traffic.add(part)
        }
        return traffic
    }

    private func direction(at offset: Int, of row: Int) -> TrafficCounters.Direction {
        func word(_ field: PartialKeyPath<fast_path_traffic>) -> UInt64 {
            let place = offset + (MemoryLayout<fast_path_traffic>.offset(of: field) ?? 0)
            return self.counters.word(at: place, of: row).pointee.load(ordering: .relaxed)
        }
        let last = word(\.last)
        return TrafficCounters.Direction(
            packets: word(\.packets),
            octets: word(\.octets),
            lastSeen: last == 0 ? nil : last
        )
    }

    /// Adds the tunnels of which something was counted since this was last asked.
    ///
    /// What was counted in the very moment may be missing: who takes every number there is also looks at the tunnels of the time before.
    ///
    /// - Parameter tids: What to add them to.
    public func takeTouched(addingTo tids: inout TIDSet) { self.take(\.touched, addingTo: &tids) }

    func take(_ marks: PartialKeyPath<fast_path_processor>, addingTo tids: inout TIDSet) {
        let start = MemoryLayout<fast_path_processor>.offset(of: marks) ?? 0
        for processor in 0..<self.processors {
            for word in 0..<TIDSet.words {
                let place = self.records.word(at: start + word * MemoryLayout<UInt64>.size, of: processor)
                guard place.pointee.load(ordering: .relaxed) != 0 else { continue }
                tids.insert(place.pointee.exchange(0, ordering: .sequentiallyConsistent), inWord: word)
            }
        }
    }

    /// How many packets were left alone in a direction for a reason.
    public func count(of refusal: FastPathRefusal, _ direction: FastPathDirection) -> UInt64 {
        let place = direction.rawValue * Int(FAST_PATH_REFUSALS.rawValue) + refusal.rawValue
        return (0..<self.processors).reduce(0) { sum, processor in
            let word = self.records.word(at: place * MemoryLayout<UInt64>.size, of: processor)
            return sum &+ word.pointee.load(ordering: .relaxed)
        }
    }
}
