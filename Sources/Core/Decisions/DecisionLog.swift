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
    }

    /// How many decisions are kept.
    static let capacity = 4096

    private let state: UnsafeMutablePointer<State>
    /// The first `count` are initialised; all their fields are trivial.
    private let entries: UnsafeMutablePointer<DecisionLogEntry>

    init() {
        unsafe self.state = .allocate(capacity: 1)
        unsafe self.state.initialize(to: State())
        unsafe self.entries = .allocate(capacity: Self.capacity)
    }

    deinit {
        unsafe self.state.deallocate()
        unsafe self.entries.deallocate()
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
}
