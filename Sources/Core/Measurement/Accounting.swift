/// What became of every packet that entered: each is counted exactly once.
public struct Accounting: Sendable {
    /// Packets read from the uplink.
    public var receivedFromUplink: UInt64 = 0
    /// Packets and datagrams read from the underlay.
    public var receivedFromUnderlay: UInt64 = 0
    /// Packets that were sent on, into a tunnel or to the uplink.
    public var forwarded: UInt64 = 0
    /// Packets that were answered with a packet of our own.
    public var answered: UInt64 = 0
    /// Packets that were for us and ask for no answer: beats, probes' replies.
    public var consumed: UInt64 = 0
    /// Packets that were discarded, by ``DropReason`` raw value.
    public var dropped = InlineArray<40, UInt64>(repeating: 0)

    init() {}

    /// How many packets were discarded for a reason.
    public func dropped(because reason: DropReason) -> UInt64 { self.dropped[Int(reason.rawValue)] }

    /// How many packets were discarded.
    public var droppedInAll: UInt64 { DropReason.allCases.reduce(0) { $0 + self.dropped(because: $1) } }

    /// Whether what came in equals what was forwarded, answered, consumed and dropped.
    public var isBalanced: Bool {
        self.receivedFromUplink + self.receivedFromUnderlay
            == self.forwarded + self.answered + self.consumed + self.droppedInAll
    }

    mutating func drop(_ reason: DropReason) {
        self.dropped[Int(reason.rawValue)] &+= 1
    }
}
