internal import Wire

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
    /// Its outer headers, if it was a datagram.
    private(set) var datagram = OuterDatagram.none
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
    ///   - datagram: What they say, if it is a datagram.
    ///   - now: The time.
    mutating func note(
        _ output: Output,
        _ tunnel: TID,
        _ outer: RawSpan,
        _ datagram: OuterDatagram,
        _ now: Timestamp
    ) {
        guard outer.byteCount <= Self.capacity else { return }
        self.unixTime = now.unixTime
        self.output = output
        self.tunnel = tunnel
        self.datagram = datagram
        self.outerCount = outer.byteCount
        var span = self.outer.mutableSpan
        var octets = unsafe span.mutableBytes
        octets.store(outer, at: Self.capacity - outer.byteCount)
    }
}
