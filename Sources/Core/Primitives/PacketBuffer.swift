internal import Wire

/// A packet in a slot of memory that leaves room in front of it, so that headers are written in place.
public struct PacketBuffer: ~Copyable, ~Escapable {
    /// Octets that must be free in front of a packet given to the engine: an ICMPv6 error about it (48) inside
    /// the longest outer headers (IPv6, UDP, AYIYA: 92), rounded up.
    public static let headroom = 192

    /// The whole slot.
    var bytes: MutableRawSpan

    /// Where the packet lies in the slot, in octets.
    public private(set) var range: Range<Int>

    /// Wraps a slot.
    ///
    /// Traps when the range leaves it or leaves too little headroom: that is a mistake of the
    /// caller, never of the network.
    @_lifetime(copy bytes)
    public init(_ bytes: consuming MutableRawSpan, range: Range<Int>) {
        precondition(range.lowerBound >= Self.headroom && range.upperBound <= bytes.byteCount)
        self.bytes = bytes
        self.range = range
    }

    /// Size of the packet, in octets.
    public var count: Int { self.range.count }

    /// The packet.
    public var packet: RawSpan {
        @_lifetime(borrow self) get { self.bytes.bytes.extracting(self.range) }
    }

    /// Cuts octets off the packet's front; at most all of them.
    @_lifetime(self: copy self)
    mutating func removeFirst(_ count: Int) {
        self.range = min(self.range.lowerBound + count, self.range.upperBound)..<self.range.upperBound
    }

    /// Cuts the packet down to a size; a smaller one stays as it is.
    @_lifetime(self: copy self)
    mutating func truncate(to count: Int) {
        self.range = self.range.lowerBound..<min(self.range.upperBound, self.range.lowerBound + max(0, count))
    }

    /// Makes room in front of the packet; the new octets are whatever was there.
    ///
    /// Traps beyond the slot's beginning, which ``headroom`` rules out for what the engine prepends.
    @_lifetime(self: copy self)
    mutating func prepend(_ count: Int) {
        self.range = (self.range.lowerBound - count)..<self.range.upperBound
    }

    /// Takes over a copy of some octets as the packet.
    ///
    /// - Returns: Whether they fit behind the headroom; when not, the packet is unchanged.
    @_lifetime(self: copy self)
    mutating func replace(with octets: RawSpan) -> Bool {
        let end = Self.headroom + octets.byteCount
        guard end <= self.bytes.byteCount else { return false }
        self.bytes.store(octets, at: Self.headroom)
        self.range = Self.headroom..<end
        return true
    }

    /// Makes a packet of a size, of octets that are whatever was there, behind the headroom.
    ///
    /// - Returns: Whether it fits in the slot.
    @_lifetime(self: copy self)
    mutating func reset(to count: Int) -> Bool {
        guard count >= 0, Self.headroom + count <= self.bytes.byteCount else { return false }
        self.range = Self.headroom..<Self.headroom + count
        return true
    }

    /// Makes all octets of the packet 0.
    @_lifetime(self: copy self)
    mutating func fillWithZeros() {
        for offset in self.range { self.bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
    }
}
