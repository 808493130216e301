/// How many round trips took how long, in buckets that are each twice as wide as the one before.
///
/// 16 buckets have an upper bound, 0.25 ms, 0.5 ms and so on to 8192 ms; the last has what took longer. Counts stay at the
/// greatest number of 32 bits instead of beginning anew.
public struct RoundTrips: Sendable {
    /// How many buckets there are: those with an upper bound, and the last.
    public static let bucketCount = 17

    /// The upper bound of the first bucket, in microseconds.
    private static let firstBound: UInt64 = 250

    /// What the last bucket is taken to reach to, in microseconds: no daemon waits longer for a reply.
    private static let longest = 10_000_000.0

    private var counts = InlineArray<17, UInt32>(repeating: 0)

    /// Creates counts of nothing.
    public init() {}

    /// The bucket that a round trip falls into.
    public static func bucket(ofMicroseconds microseconds: UInt64) -> Int {
        let steps = (max(1, microseconds) - 1) / Self.firstBound
        return min(UInt64.bitWidth - steps.leadingZeroBitCount, Self.bucketCount - 1)
    }

    /// The upper bound of a bucket, in microseconds; nil for the last.
    public static func bound(of bucket: Int) -> UInt64? {
        bucket < Self.bucketCount - 1 ? Self.firstBound << UInt64(bucket) : nil
    }

    /// How many round trips fell into a bucket.
    public subscript(bucket: Int) -> UInt32 { self.counts[bucket] }

    /// How many there were.
    public var total: UInt64 {
        var sum: UInt64 = 0
        for bucket in 0..<Self.bucketCount { sum += UInt64(self.counts[bucket]) }
        return sum
    }

    /// Counts a round trip.
    public mutating func count(microseconds: UInt64) {
        self.add(1, to: Self.bucket(ofMicroseconds: microseconds))
    }

    private mutating func add(_ count: UInt32, to bucket: Int) {
        let (sum, overflows) = self.counts[bucket].addingReportingOverflow(count)
        self.counts[bucket] = overflows ? .max : sum
    }

    /// Adds what was counted elsewhere.
    public mutating func add(_ other: RoundTrips) {
        for bucket in 0..<Self.bucketCount { self.add(other.counts[bucket], to: bucket) }
    }

    /// What was counted since an earlier time; everything where a count is less than then, since it began anew.
    public func growth(since earlier: RoundTrips) -> RoundTrips {
        var growth = RoundTrips()
        for bucket in 0..<Self.bucketCount {
            guard self.counts[bucket] >= earlier.counts[bucket] else { return self }
            growth.counts[bucket] = self.counts[bucket] - earlier.counts[bucket]
        }
        return growth
    }

    /// The time that a share of the round trips, from 0 to 1, took at most, in microseconds; nil when there were none.
    ///
    /// Within a bucket they are taken to lie evenly.
    public func quantile(_ share: Double) -> Double? {
        let total = self.total
        guard total > 0 else { return nil }
        let rank = min(max(0, share), 1) * Double(total)
        var (below, lower) = (0.0, 0.0)
        for bucket in 0..<Self.bucketCount {
            let upper = Self.bound(of: bucket).map { Double($0) } ?? Self.longest
            let count = Double(self.counts[bucket])
            if count > 0, below + count >= rank { return lower + (upper - lower) * (rank - below) / count }
            (below, lower) = (below + count, upper)
        }
        return lower
    }
}

extension RoundTrips: Hashable {
    /// Whether all counts are the same.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        for bucket in 0..<Self.bucketCount where lhs.counts[bucket] != rhs.counts[bucket] { return false }
        return true
    }

    /// Feeds all counts.
    public func hash(into hasher: inout Hasher) {
        for bucket in 0..<Self.bucketCount { hasher.combine(self.counts[bucket]) }
    }
}

// As a report has them: each number also has what the buckets before it have.
extension RoundTrips {
    /// How many round trips took at most the bound of each bucket; all of them at the end.
    public var cumulative: [UInt64] {
        var sum: UInt64 = 0
        return (0..<Self.bucketCount).map { bucket in
            sum += UInt64(self.counts[bucket])
            return sum
        }
    }

    /// Takes what a report has; nil for what cannot be: another number of buckets, or counts that fall or are too great.
    public init?(cumulative: [Int64]) {
        guard cumulative.count == Self.bucketCount else { return nil }
        var before: Int64 = 0
        for (bucket, value) in cumulative.enumerated() {
            guard value >= before, let count = UInt32(exactly: value - before) else { return nil }
            self.counts[bucket] = count
            before = value
        }
    }
}

// As a store keeps them: only the buckets that have something, each in two or three octets.
extension RoundTrips {
    private static let bucketBits: UInt64 = 5

    /// For each bucket that is not empty its count times 32 and its number, seven bits an octet, the low ones first.
    public var packed: [UInt8] {
        var octets: [UInt8] = []
        for bucket in 0..<Self.bucketCount where self.counts[bucket] > 0 {
            var value = UInt64(self.counts[bucket]) << Self.bucketBits | UInt64(bucket)
            while value > 0x7f {
                octets.append(UInt8(truncatingIfNeeded: value) | 0x80)
                value >>= 7
            }
            octets.append(UInt8(value))
        }
        return octets
    }

    /// Takes back what was packed; nil for what cannot have been.
    public init?(packed octets: some Sequence<UInt8>) {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        for octet in octets {
            guard shift <= 35 else { return nil }
            value |= UInt64(octet & 0x7f) << shift
            shift += 7
            guard octet & 0x80 == 0 else { continue }
            let bucket = Int(value & (1 << Self.bucketBits - 1))
            guard bucket < Self.bucketCount, let count = UInt32(exactly: value >> Self.bucketBits) else {
                return nil
            }
            self.add(count, to: bucket)
            (value, shift) = (0, 0)
        }
        guard shift == 0 else { return nil }
    }
}
