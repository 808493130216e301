import Core
import FastPath
import LinuxIO
import Wire

/// Tells the kernel of the packets that it left to the daemon which have been done with, so that none overtakes another of its tunnel.
///
/// What the programs count and what is counted here must be the same packets: both look at the packet and at the tunnel's row, and at
/// nothing else. Nothing is allocated after it was made.
struct PacketOrder {
    /// A packet that was left of a tunnel.
    struct Place {
        fileprivate let tid: TID
        fileprivate let direction: FastPathDirection
    }

    /// How long a worker waits at most for packets on their way to a device, in nanoseconds.
    static let patience: UInt64 = 1_000_000

    private let tables: FastPathTables
    private var slowdowns: Slowdowns.View
    /// Packets that were sent and have not reached their device; nil where the kernel does not tell.
    private let backlog: PacketBacklog?
    /// Those of packets that wait to be sent.
    private var waiting: [Place] = []

    /// Creates one for a worker.
    ///
    /// - Parameters:
    ///   - tables: What the kernel forwards by.
    ///   - slowdowns: Tells of tunnels that any worker took off the fast path.
    ///   - capacity: How many packets can wait to be sent.
    init(_ tables: FastPathTables, _ slowdowns: Slowdowns, capacity: Int) {
        self.tables = tables
        self.slowdowns = Slowdowns.View(slowdowns)
        self.backlog = try? PacketBacklog()
        self.waiting.reserveCapacity(capacity)
    }

    // MARK: - Whose a packet is

    /// The place of a packet that the kernel routed into the TUN device; nil for one that it did not count.
    func place(fromUplink packet: UnsafeRawBufferPointer, _ plan: borrowing AddressPlan) -> Place? {
        guard packet.count >= IPv6Packet.headerLength, packet[0] >> 4 == 6 else { return nil }
        guard let tid = Self.tunnel(of: packet, at: 24, plan), self.tables.keepsOrder(of: tid) else {
            return nil
        }
        return Place(tid: tid, direction: .encapsulate)
    }

    /// The place of a whole outer IPv4 packet of protocol 41 or 47; nil for one that the kernel did not count.
    func place(fromLink packet: UnsafeRawBufferPointer, _ plan: borrowing AddressPlan) -> Place? {
        guard packet.count >= IPv4Packet.minimumHeaderLength + IPv6Packet.headerLength, packet[0] == 0x45,
            let front = Self.front(of: packet), packet.count >= front + IPv6Packet.headerLength,
            packet[front] >> 4 == 6
        else {
            return nil
        }
        guard let tid = Self.tunnel(of: packet, at: front + 8, plan) else { return nil }
        let remote = packet.loadUnaligned(fromByteOffset: IPv4Header.Offset.source, as: UInt32.self)
        let local = packet.loadUnaligned(fromByteOffset: IPv4Header.Offset.destination, as: UInt32.self)
        let path = OuterPath(
            local: .ipv4(IPv4Address(UInt32(bigEndian: local))),
            remote: .ipv4(IPv4Address(UInt32(bigEndian: remote)))
        )
        guard self.tables.keepsOrder(of: tid, along: path) else { return nil }
        return Place(tid: tid, direction: .decapsulate)
    }

    /// Where the inner packet begins; nil for what is no GRE although its protocol says so.
    private static func front(of packet: UnsafeRawBufferPointer) -> Int? {
        let front = IPv4Packet.minimumHeaderLength
        guard packet[IPv4Header.Offset.protocolNumber] == ProtocolNumber.gre else { return front }
        return Self.greLength(of: UnsafeRawBufferPointer(rebasing: packet[front...])).map { front + $0 }
    }

    private static func greLength(of payload: UnsafeRawBufferPointer) -> Int? {
        try? GREPacket.headerLength(of: RawSpan(_unsafeBytes: payload))
    }

    /// The place of what stood behind an outer IPv6 header; nil for one that the kernel did not count.
    func place(
        fromLink payload: UnsafeRawBufferPointer,
        _ kind: OuterPayload,
        along path: OuterPath,
        _ plan: borrowing AddressPlan
    ) -> Place? {
        guard case .ipv6 = path.remote, let front = kind == .gre ? Self.greLength(of: payload) : 0,
            payload.count >= front + IPv6Packet.headerLength, payload[front] >> 4 == 6,
            let tid = Self.tunnel(of: payload, at: front + IPv6Header.Offset.source, plan),
            self.tables.keepsOrder(of: tid, along: path)
        else { return nil }
        return Place(tid: tid, direction: .decapsulate)
    }

    /// The tunnel whose user has the address at an offset.
    private static func tunnel(
        of packet: UnsafeRawBufferPointer,
        at offset: Int,
        _ plan: borrowing AddressPlan
    ) -> TID? {
        let high = UInt64(bigEndian: packet.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let low = UInt64(bigEndian: packet.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        switch plan.owner(of: IPv6Address(high: high, low: low)) {
        case .remote(let tid), .routed(let tid): return tid
        case .local, .unassigned, .daemon, .nobody, .external: return nil
        }
    }

    // MARK: - What became of it

    /// Waits until what the kernel sent on before has gone, if something of that may still be under way; to be called between reading
    /// packets and sending them.
    ///
    /// - Parameter place: That of a packet which is sent at once; nil where all of them wait.
    mutating func waitForOthers(sending place: Place? = nil) {
        if self.slowdowns.hasNews(waitingAtMost: Self.patience)
            || place.map(self.isBehindKernel) ?? false || self.waiting.contains(where: self.isBehindKernel)
        {
            self.backlog?.drain(waitingAtMost: Self.patience)
        }
    }

    /// Whether the packet before one that was left went by the kernel: as does every plain one of a tunnel that is on the fast path.
    private func isBehindKernel(_ place: Place) -> Bool {
        place.direction == .decapsulate && self.tables.isFast(place.tid)
    }

    /// Notes that the engine was asked about a packet.
    ///
    /// - Parameters:
    ///   - place: The packet's.
    ///   - isSentLater: Whether something is to be sent because of it; else it is done with.
    mutating func note(_ place: Place, isSentLater: Bool) {
        if isSentLater {
            self.waiting.append(place)
        } else {
            self.tables.order.noteDone(place.tid, place.direction)
        }
    }

    /// Notes that everything was sent.
    mutating func noteSent() {
        // Devices that are only software queue at each processor, and what the kernel forwards next may go through another's.
        if self.waiting.contains(where: { self.tables.isFast($0.tid) }) {
            self.backlog?.drain(waitingAtMost: Self.patience)
        }
        for place in self.waiting { self.tables.order.noteDone(place.tid, place.direction) }
        self.waiting.removeAll(keepingCapacity: true)
    }
}
