internal import Wire

// What was done with the packet before. The next often is of the same flow, and what was decided on one holds for the other
// when they are alike in all that decisions read: the whole inner IPv6 header, length included, and what stands around it.
// Whoever changes what decisions are made from forgets both caches (`Engine.forgetFlows()`).

/// An inner IPv6 header as words, to be compared.
struct InnerHeader: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64)

    /// No packet's: its version is 0.
    static let none = InnerHeader(words: (0, 0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Reads a header; nil where the packet is not exactly as long as it says.
    ///
    /// - Parameters:
    ///   - octets: The packet and what stands in front of it.
    ///   - offset: Where the packet begins, in octets.
    @inline(__always)
    init?(_ octets: RawSpan, at offset: Int) {
        guard octets.byteCount >= offset &+ IPv6Packet.headerLength else { return nil }
        let first: UInt64 = octets.bigEndian(at: offset)
        let payloadLength = Int(truncatingIfNeeded: first >> 16 & 0xffff)
        guard first >> 60 == 6, octets.byteCount == offset &+ IPv6Packet.headerLength &+ payloadLength else {
            return nil
        }
        self.words = (
            first, octets.bigEndian(at: offset &+ 8), octets.bigEndian(at: offset &+ 16),
            octets.bigEndian(at: offset &+ 24), octets.bigEndian(at: offset &+ 32)
        )
    }

    /// The ECN field.
    var congestion: UInt8 { UInt8(truncatingIfNeeded: self.words.0 >> 52) & 3 }

    @inline(__always)
    static func == (lhs: Self, rhs: Self) -> Bool {
        (lhs.words.0 ^ rhs.words.0) | (lhs.words.1 ^ rhs.words.1) | (lhs.words.2 ^ rhs.words.2)
            | (lhs.words.3 ^ rhs.words.3) | (lhs.words.4 ^ rhs.words.4) == 0
    }
}

/// What was done with the last packet from the uplink.
struct UplinkFlowCache: ~Copyable {
    /// The longest outer headers that are kept, in octets: IPv4, UDP and AYIYA.
    private static let capacity = 72

    private var header = InnerHeader.none
    private var unixTime: Int64 = 0
    /// They end where this ends.
    private var outer = InlineArray<72, UInt8>(repeating: 0)
    private var outerCount = 0
    private var output = Output()
    /// Whose packet it was; nil where the next must be decided on.
    private var tunnel: TID?

    /// Has the next packet be decided on.
    mutating func forget() { self.tunnel = nil }

    /// Tells whether a packet has the header of the one before; from now on it is the one before.
    @inline(__always)
    mutating func recognizes(_ header: InnerHeader) -> Bool {
        if header == self.header { return true }
        self.header = header
        self.tunnel = nil
        return false
    }

    /// The tunnel of a packet that has the header of the one before; nil where it must be decided on.
    @inline(__always)
    func tunnel(at now: Timestamp) -> TID? { now.unixTime == self.unixTime ? self.tunnel : nil }

    /// Gives a packet the outer headers of the one before.
    ///
    /// As many octets in front of it are overwritten as the longest headers have: to copy a number that is known takes less.
    /// It changes nothing here, but a method that can't would be lent a copy of all this.
    ///
    /// - Returns: Where it goes.
    @inline(__always)
    mutating func apply(to buffer: inout PacketBuffer) -> Output {
        let start = buffer.range.lowerBound &- Self.capacity
        buffer.bytes.storeBytes(of: self.outer, toByteOffset: start, as: InlineArray<72, UInt8>.self)
        buffer.prepend(self.outerCount)
        return self.output
    }

    /// Takes note of what was done with a packet that has the header of the one before.
    ///
    /// - Parameters:
    ///   - output: Where it goes.
    ///   - tunnel: Whose it is.
    ///   - outer: Its outer headers.
    ///   - now: The time.
    mutating func note(_ output: Output, _ tunnel: TID, _ outer: RawSpan, _ now: Timestamp) {
        guard outer.byteCount <= Self.capacity else { return }
        self.unixTime = now.unixTime
        self.output = output
        self.tunnel = tunnel
        self.outerCount = outer.byteCount
        var span = self.outer.mutableSpan
        var octets = unsafe span.mutableBytes
        octets.store(outer, at: Self.capacity - outer.byteCount)
    }
}

/// What stands in front of an AYIYA datagram's signature, as words, to be compared.
struct AYIYAFront: Equatable {
    private var words: (UInt64, UInt64, UInt64)

    /// What a packet has that is no datagram.
    static let none = AYIYAFront(words: (0, 0, 0))

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
    private var front = AYIYAFront.none
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
        _ front: AYIYAFront,
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
