internal import Synchronization
internal import Wire

/// How much each address may ask for, so that keys cannot be guessed and nobody keeps the registry busy alone.
///
/// A bucket of points per IPv4 address or IPv6 network of 64 bits, which fills again with time.
final class UpdateLimiter: Sendable {
    /// What a bucket holds, and how much of it comes back in a second.
    private static let (capacity, perSecond) = (60.0, 1.0)

    /// What a request takes, and what a wrong key takes besides.
    private static let (request, failure) = (1.0, 9.0)

    /// How many buckets there may be; beyond that all begin anew.
    private static let mostBuckets = 65_536

    private struct Bucket {
        var points: Double
        var time: ContinuousClock.Instant
    }

    private let buckets = Mutex<[IPAddress: Bucket]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant) { self.now = now }

    /// Takes what a request costs.
    ///
    /// - Returns: Nil when it may be answered; else in how many seconds another may.
    func admit(_ client: IPAddress) -> Int? {
        self.buckets.withLock { buckets in
            var bucket = self.bucket(of: client, in: &buckets)
            guard bucket.points >= Self.request else {
                return Int(((Self.request - bucket.points) / Self.perSecond).rounded(.up))
            }
            bucket.points -= Self.request
            buckets[Self.key(of: client)] = bucket
            return nil
        }
    }

    /// Takes what a wrong key costs.
    func noteFailure(_ client: IPAddress) {
        self.buckets.withLock { buckets in
            var bucket = self.bucket(of: client, in: &buckets)
            bucket.points -= Self.failure
            buckets[Self.key(of: client)] = bucket
        }
    }

    private func bucket(of client: IPAddress, in buckets: inout [IPAddress: Bucket]) -> Bucket {
        let now = self.now()
        if buckets.count >= Self.mostBuckets {
            buckets = buckets.filter { Self.filled($0.value, at: now).points < Self.capacity }
            if buckets.count >= Self.mostBuckets { buckets = [:] }
        }
        return buckets[Self.key(of: client)].map { Self.filled($0, at: now) }
            ?? Bucket(points: Self.capacity, time: now)
    }

    private static func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Bucket {
        let seconds = max(0, (now - bucket.time) / .seconds(1))
        return Bucket(points: min(Self.capacity, bucket.points + seconds * Self.perSecond), time: now)
    }

    private static func key(of client: IPAddress) -> IPAddress {
        switch client {
        case .ipv4: client
        case .ipv6(let address): .ipv6(IPv6Prefix(containing: address, length: 64).address)
        }
    }
}
