internal import Wire

/// Where decisions are written down until somebody takes them: memory of a fixed size, allocated once.
///
/// What finds no room is counted and lost. Deciding functions are pure and yet may write here: that is why the
/// memory is managed by hand.
@safe
struct DecisionLog: ~Copyable {
    private struct State {
        /// Whether everything is written down, also what concerns no tunnel.
        var isOpen = false
        /// How many tunnels are traced.
        var traced = 0
        var packet: UInt64 = 0
        var timestamp = Timestamp(monotonic: 0, unixTime: 0)
        var count = 0
        var lost: UInt64 = 0
        /// Whether packets are kept too.
        var keepsPackets = false
        var keptPackets = 0
        var keptOctets = 0
    }

    /// Where a packet's octets are.
    private struct KeptPacket {
        let packet: UInt64
        let start: Int
        let count: Int
    }

    /// How many decisions are kept.
    static let capacity = 4096

    /// How many packets are kept, and how many octets of all of them; the memory is not touched while none are.
    static let (packetCapacity, octetCapacity) = (1024, 1 << 20)

    private let state: UnsafeMutablePointer<State>
    /// The first `count` are initialised; all their fields are trivial.
    private let entries: UnsafeMutablePointer<DecisionLogEntry>
    /// The first `keptPackets` are initialised.
    private let packets: UnsafeMutablePointer<KeptPacket>
    private let octets: UnsafeMutablePointer<UInt8>

    init() {
        unsafe self.state = .allocate(capacity: 1)
        unsafe self.state.initialize(to: State())
        unsafe self.entries = .allocate(capacity: Self.capacity)
        unsafe self.packets = .allocate(capacity: Self.packetCapacity)
        unsafe self.octets = .allocate(capacity: Self.octetCapacity)
    }

    deinit {
        unsafe self.state.deallocate()
        unsafe self.entries.deallocate()
        unsafe self.packets.deallocate()
        unsafe self.octets.deallocate()
    }

    /// Whether everything is written down, also what concerns no tunnel.
    var isOpen: Bool {
        get { unsafe self.state.pointee.isOpen }
        nonmutating set { unsafe self.state.pointee.isOpen = newValue }
    }

    /// How many tunnels are traced.
    var traced: Int {
        get { unsafe self.state.pointee.traced }
        nonmutating set { unsafe self.state.pointee.traced = newValue }
    }

    /// Whether some decisions are written down.
    var isNeeded: Bool { self.isOpen || self.traced > 0 }

    /// Begins with another packet.
    func begin(at now: Timestamp) {
        guard self.isNeeded else { return }
        unsafe self.state.pointee.packet &+= 1
        unsafe self.state.pointee.timestamp = now
    }

    /// Writes a decision down, or counts it as lost.
    func write(_ decision: Decision, about tid: TID?) {
        let count = unsafe self.state.pointee.count
        guard count < Self.capacity else {
            unsafe self.state.pointee.lost &+= 1
            return
        }
        let entry = DecisionLogEntry(
            packet: unsafe self.state.pointee.packet,
            timestamp: unsafe self.state.pointee.timestamp,
            tid: tid,
            decision: decision
        )
        unsafe (self.entries + count).initialize(to: entry)
        unsafe self.state.pointee.count = count + 1
    }

    /// Takes what was written down.
    ///
    /// Allocates.
    func take() -> (entries: [DecisionLogEntry], lost: UInt64) {
        let count = unsafe self.state.pointee.count
        let taken = unsafe Array(UnsafeBufferPointer(start: self.entries, count: count))
        let lost = unsafe self.state.pointee.lost
        unsafe self.state.pointee.count = 0
        unsafe self.state.pointee.lost = 0
        return (taken, lost)
    }

    // MARK: - Packets

    /// Whether packets are kept that decisions are written down about.
    var keepsPackets: Bool {
        get { unsafe self.state.pointee.keepsPackets }
        nonmutating set { unsafe self.state.pointee.keepsPackets = newValue }
    }

    /// Keeps the packet at hand as it is at first, if anybody wants it and there is room.
    func keep(_ packet: RawSpan) {
        guard unsafe self.state.pointee.keepsPackets else { return }
        let number = unsafe self.state.pointee.packet
        let (index, start) = unsafe (self.state.pointee.keptPackets, self.state.pointee.keptOctets)
        guard index < Self.packetCapacity, start + packet.byteCount <= Self.octetCapacity else { return }
        if index > 0, unsafe (self.packets + (index - 1)).pointee.packet == number { return }
        for place in 0..<packet.byteCount {
            unsafe (self.octets + (start + place)).initialize(to: packet.bigEndian(at: place))
        }
        let kept = KeptPacket(packet: number, start: start, count: packet.byteCount)
        unsafe (self.packets + index).initialize(to: kept)
        unsafe self.state.pointee.keptPackets = index + 1
        unsafe self.state.pointee.keptOctets = start + packet.byteCount
    }

    /// Takes the packets that were kept, by their numbers.
    ///
    /// Allocates.
    func takePackets() -> [(packet: UInt64, octets: [UInt8])] {
        let count = unsafe self.state.pointee.keptPackets
        unsafe self.state.pointee.keptPackets = 0
        unsafe self.state.pointee.keptOctets = 0
        return (0..<count).map { index in
            let kept = unsafe (self.packets + index).pointee
            let octets = unsafe UnsafeBufferPointer(start: self.octets + kept.start, count: kept.count)
            return (kept.packet, unsafe Array(octets))
        }
    }
}
