/// What probes to other PoPs measured: how many were sent and answered, and how long the answers took.
///
/// A PoP of a fleet of n has 2n of these in every step that is kept, and the fleet n times as many; so that they are kept packed,
/// all of a PoP together, in some nine octets each.
public struct PeerProbes: Hashable, Sendable {
    /// Probes of one way.
    public struct Counts: Hashable, Sendable {
        /// Probes sent.
        public var sent: Tally
        /// How many of them were answered.
        public var received: Tally
        /// How long the answers took.
        public var roundTrips: RoundTrips

        /// Creates counts, of nothing if nothing is given.
        public init(sent: Tally = .zero, received: Tally = .zero, roundTrips: RoundTrips = RoundTrips()) {
            self.sent = sent
            self.received = received
            self.roundTrips = roundTrips
        }

        /// Adds what was counted at another time.
        public mutating func add(_ other: Counts) {
            self.sent = self.sent + other.sent
            self.received = self.received + other.received
            self.roundTrips.add(other.roundTrips)
        }

        /// What was counted since an earlier time; everything when counting began anew in between.
        public func growth(since earlier: Counts) -> Counts {
            guard self.sent >= earlier.sent, self.received >= earlier.received else { return self }
            return Counts(
                sent: self.sent.growth(since: earlier.sent),
                received: self.received.growth(since: earlier.received),
                roundTrips: self.roundTrips.growth(since: earlier.roundTrips)
            )
        }
    }

    /// By way.
    public private(set) var counts: [PeerPath: Counts] = [:]

    /// Creates an account of nothing.
    public init() {}

    /// What was counted of a way.
    public subscript(path: PeerPath) -> Counts {
        get { self.counts[path] ?? Counts() }
        set { self.counts[path] = newValue }
    }

    /// Adds what was counted at another time.
    public mutating func add(_ other: PeerProbes) {
        for (path, counts) in other.counts { self.counts[path, default: Counts()].add(counts) }
    }

    /// What was counted since an earlier time, by ways of which there is something.
    public func growth(since earlier: PeerProbes) -> PeerProbes {
        var growth = PeerProbes()
        for (path, counts) in self.counts {
            let more = counts.growth(since: earlier[path])
            if more.sent > .zero || more.received > .zero { growth[path] = more }
        }
        return growth
    }
}

// As a store keeps them.
extension PeerProbes {
    /// All ways one after the other, in their order.
    ///
    /// Of each there is twice the PoP's number and whether it is IPv6, what was sent and received, how many octets of round trips
    /// follow, and those. Numbers have seven bits an octet, the low ones first.
    public var packed: [UInt8] {
        var octets: [UInt8] = []
        for (path, counts) in self.counts.sorted(by: { $0.key < $1.key }) {
            let roundTrips = counts.roundTrips.packed
            for number in [
                Int64(path.peer) << 1 | (path.isIPv6 ? 1 : 0), counts.sent.value, counts.received.value,
                Int64(roundTrips.count),
            ] { Self.append(UInt64(number), to: &octets) }
            octets += roundTrips
        }
        return octets
    }

    private static func append(_ number: UInt64, to octets: inout [UInt8]) {
        var rest = number
        while rest > 0x7f {
            octets.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        octets.append(UInt8(rest))
    }

    /// Takes back what was packed; nil for what cannot have been.
    public init?(packed octets: [UInt8]) {
        var rest = octets[...]
        while !rest.isEmpty {
            guard let key = Self.number(from: &rest), let sent = Self.tally(from: &rest),
                let received = Self.tally(from: &rest), let length = Self.number(from: &rest),
                length <= Int64(rest.count),
                let path = PeerPath(to: Int(key >> 1), isIPv6: key & 1 == 1), self.counts[path] == nil,
                let roundTrips = RoundTrips(packed: rest.prefix(Int(length)))
            else { return nil }
            rest.removeFirst(Int(length))
            self.counts[path] = Counts(sent: sent, received: received, roundTrips: roundTrips)
        }
    }

    private static func tally(from octets: inout ArraySlice<UInt8>) -> Tally? {
        Self.number(from: &octets).flatMap { Tally($0) }
    }

    private static func number(from octets: inout ArraySlice<UInt8>) -> Int64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let octet = octets.popFirst() {
            guard shift < 63 else { return nil }
            value |= UInt64(octet & 0x7f) << shift
            shift += 7
            if octet & 0x80 == 0 { return Int64(exactly: value) }
        }
        return nil
    }
}
