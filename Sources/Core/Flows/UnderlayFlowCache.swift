internal import Wire

/// What stands in front of a signed datagram's signature, as words, to be compared.
struct DatagramFront: Equatable {
    private var words: (UInt64, UInt64, UInt64)

    /// What a packet has that is no datagram.
    static let none = DatagramFront(words: (0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Reads what stands at the beginning of a datagram; traps when it has fewer than 24 octets.
    @inline(__always)
    init(_ octets: RawSpan) {
        self.words = (octets.bigEndian(at: 0), octets.bigEndian(at: 8), octets.bigEndian(at: 16))
    }

    @inline(__always)
    static func == (lhs: Self, rhs: Self) -> Bool {
        (lhs.words.0 ^ rhs.words.0) | (lhs.words.1 ^ rhs.words.1) | (lhs.words.2 ^ rhs.words.2) == 0
    }
}

/// What was done with the last packet from the underlay, if it went to the uplink as it was.
struct UnderlayFlowCache: ~Copyable {
    private var header = InnerHeader.none
    private var front = DatagramFront.none
    private var payload = OuterPayload.sixInFour
    private var outer: OuterHeader?
    private var unixTime: Int64 = 0
    /// Whose packet it was; nil where the next must be decided on.
    private var tunnel: TID?
    /// Whether all this is of the packet that is being decided on.
    private var isPending = false

    /// Has the next packet be decided on.
    mutating func forget() { self.tunnel = nil }

    /// Tells whether a packet has the inner header of the one before; from now on it is the one before.
    @inline(__always)
    mutating func recognizes(_ header: InnerHeader) -> Bool {
        self.isPending = false
        if header == self.header { return true }
        self.header = header
        self.tunnel = nil
        return false
    }

    /// Begins with a packet that says nothing about others.
    mutating func passOver() { self.isPending = false }

    /// The tunnel of a packet that is like the one before, whose inner header it has; nil where it must be decided on, which
    /// begins now.
    @inline(__always)
    mutating func tunnel(
        _ front: DatagramFront,
        _ payload: OuterPayload,
        _ outer: OuterHeader,
        at now: Timestamp
    ) -> TID? {
        if let tunnel = self.tunnel, front == self.front, payload == self.payload,
            now.unixTime == self.unixTime,
            outer == self.outer
        {
            return tunnel
        }
        self.front = front
        self.payload = payload
        self.outer = outer
        self.unixTime = now.unixTime
        self.tunnel = nil
        self.isPending = true
        return nil
    }

    /// Takes note that the packet came from a tunnel, and where it goes.
    mutating func store(_ output: Output, from tid: TID) {
        guard self.isPending, output == Output(packet: .uplink(.forwarded)) else { return }
        self.tunnel = tid
    }
}
