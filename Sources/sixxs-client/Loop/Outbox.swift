import Core
import LinuxIO
import Wire

/// Packets of the host that wait to be sent, each in a slot of its own with its header in front.
///
/// What stands for several packets is cut up, checksums that the kernel left are completed, and signatures are made many at
/// a time. It knows no socket: what is ready is given to whoever sends it.
struct Outbox: ~Copyable {
    /// A packet, encapsulated.
    struct Departure {
        /// What follows the IPv4 or the UDP header.
        var octets: UnsafeMutableRawBufferPointer
        /// Of the outer header.
        var trafficClass: UInt8
    }

    /// How many packets it holds.
    static let capacity = 128

    /// How many packets of the host can wait where they were read to.
    static let mostRead = 64

    /// The longest packet, in octets, and the room in front of it; whole pages.
    private static let slotSize = 17 * 4096

    /// A packet of 2048 octets and the room in front of it and behind; 37 lines of the cache, so that the slots' beginnings
    /// fall into different ones.
    private static let segmentSlotSize = 37 * 64

    private static let headroom = PacketBuffer.headroom

    private let received: PacketArena
    private let segments: PacketArena
    /// Takes one of those that are larger than the others' slots, which nothing waits in.
    private let largeSegment: PacketArena
    private var usedSegments = 0
    private var departures: [Departure] = []
    /// Those of datagrams that wait to be signed together.
    private var signatures = DatagramSignatures()

    /// Creates an empty one; allocates all its memory.
    ///
    /// - Throws: ``SystemCallError`` when there is none.
    init() throws(SystemCallError) {
        let received = try PacketArena(capacity: Self.mostRead, slotSize: Self.slotSize)
        let segments = try PacketArena(capacity: Self.capacity, slotSize: Self.segmentSlotSize)
        let largeSegment = try PacketArena(capacity: 1, slotSize: Self.slotSize)
        self.received = received
        self.segments = segments
        self.largeSegment = largeSegment
        self.departures.reserveCapacity(Self.capacity)
    }

    /// Where to read a packet of the host to.
    ///
    /// - Parameters:
    ///   - index: Which of ``mostRead`` places.
    ///   - headerLength: Octets in front of the packet that the kernel writes.
    /// - Returns: Room for both.
    func room(at index: Int, headerLength: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            rebasing: self.received.slot(at: index)[(Self.headroom - headerLength)...]
        )
    }

    /// Takes what was read.
    ///
    /// - Parameters:
    ///   - octets: How many, header included.
    ///   - index: Where it was read to.
    ///   - headerLength: Octets in front of the packet that say what it stands for: those of ``Wire/VirtioNetHeader``, or none.
    ///   - session: Decides about each packet.
    ///   - now: The time.
    ///   - send: Sends packets when there is no more room; they stay where they are until it returns.
    /// - Returns: How many packets it was cut up into; 0 when it stays where it is until ``flush(_:_:)``.
    mutating func receive(
        _ octets: Int,
        at index: Int,
        headerLength: Int,
        _ session: inout TunnelSession,
        at now: ClientTime,
        _ send: ([Departure]) -> Void
    ) -> Int {
        let slot = self.received.slot(at: index)
        guard headerLength > 0 else {
            self.takeSingle(slot, length: octets, &session, now, send)
            return 0
        }
        let front = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[..<Self.headroom])
        do throws(DecodeError) {
            guard octets >= headerLength else {
                throw .truncated(needed: headerLength, available: octets)
            }
            let header = try VirtioNetHeader(front.extracting(droppingFirst: Self.headroom - headerLength))
            let range = Self.headroom..<Self.headroom + octets - headerLength
            guard header.segmentation == .none else {
                let packet = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(slot)[range])
                let whole = try GSOPacket(packet, header)
                self.takeAll(of: whole, &session, now, send)
                return whole.count
            }
            if let place = header.checksum {
                var buffer = PacketBuffer(MutableRawSpan(_unsafeBytes: slot), range: range)
                try buffer.completeChecksum(at: place)
            }
            self.takeSingle(slot, length: range.count, &session, now, send)
        } catch {
            session.refuseFromHost()
        }
        return 0
    }

    /// Gives away all that waits.
    mutating func flush(_ session: borrowing TunnelSession, _ send: ([Departure]) -> Void) {
        guard !self.departures.isEmpty else { return }
        if self.signatures.count > 0 { self.signatures.sign() }
        send(self.departures)
        self.departures.removeAll(keepingCapacity: true)
        self.usedSegments = 0
    }

    // MARK: - Packets

    /// Comes before a slot is taken: all are free afterwards if one of the stores was full.
    private mutating func makeRoom(_ session: borrowing TunnelSession, _ send: ([Departure]) -> Void) {
        guard self.departures.count == Self.capacity || self.usedSegments == self.segments.capacity else {
            return
        }
        self.flush(session, send)
        self.usedSegments = 0
    }

    private mutating func takeSingle(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ session: inout TunnelSession,
        _ now: ClientTime,
        _ send: ([Departure]) -> Void
    ) {
        self.makeRoom(session, send)
        self.add(slot, length: length, &session, now)
    }

    /// Takes the packets one by one that another stands for, which stays as it is.
    private mutating func takeAll(
        of whole: borrowing GSOPacket,
        _ session: inout TunnelSession,
        _ now: ClientTime,
        _ send: ([Departure]) -> Void
    ) {
        let isLarge = whole.largest > self.segments.slotSize - Self.headroom
        for index in 0..<whole.count {
            self.makeRoom(session, send)
            let slot = isLarge ? self.largeSegment.slot(at: 0) : self.segments.slot(at: self.usedSegments)
            var buffer = PacketBuffer(
                MutableRawSpan(_unsafeBytes: slot),
                range: Self.headroom..<Self.headroom
            )
            guard whole.write(index, into: &buffer) else { continue }
            let length = buffer.count
            if !isLarge { self.usedSegments += 1 }
            self.add(slot, length: length, &session, now)
            // The next one will lie in the same place.
            if isLarge { self.flush(session, send) }
        }
    }

    private mutating func add(
        _ slot: UnsafeMutableRawBufferPointer,
        length: Int,
        _ session: inout TunnelSession,
        _ now: ClientTime
    ) {
        var bytes = MutableRawSpan(_unsafeBytes: slot)
        guard let packet = session.encapsulate(in: &bytes, at: Self.headroom, length: length, at: now) else {
            return
        }
        let octets = UnsafeMutableRawBufferPointer(rebasing: slot[packet.octets])
        self.departures.append(Departure(octets: octets, trafficClass: packet.trafficClass))
        if session.add(UnsafeRawBufferPointer(octets), to: &self.signatures), self.signatures.isFull {
            self.signatures.sign()
        }
    }
}
