internal import Synchronization
internal import Wire

/// How much each address may ask for, so that keys cannot be guessed and nobody keeps the registry busy alone.
///
/// A bucket of points per IPv4 address or IPv6 network of 64 bits, which fills again with time, and a larger one per IPv6
/// network of 48 bits: who has one of those has 65,536 of the others.
final class UpdateLimiter: Sendable {
    /// What a bucket holds, and how much of it comes back in a second.
    private static let (capacity, perSecond) = (60.0, 1.0)

    /// How many times as much a network of 48 bits has.
    private static let wideShare = 8.0

    /// What a request takes, and what a wrong key takes besides.
    private static let (request, failure) = (1.0, 9.0)

    /// Between two times that buckets are dropped: all are looked at then.
    private static let pause = Duration.seconds(1)

    private struct Network: Hashable {
        let address: IPAddress
        var isWide = false
        var share: Double { self.isWide ? UpdateLimiter.wideShare : 1 }
    }

    private struct Bucket {
        var points: Double
        var time: ContinuousClock.Instant

        /// Whether its client has to wait.
        var isInDebt: Bool { self.points < UpdateLimiter.request }
    }

    private struct State {
        var buckets: [Network: Bucket] = [:]
        var dropped: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    /// How many buckets there may be.
    private let most: Int

    init(most: Int = 65_536, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.most = most
        self.now = now
    }

    /// Takes what a request costs.
    ///
    /// - Returns: Nil when it may be answered; else in how many seconds another may.
    func admit(_ client: IPAddress) -> Int? {
        let now = self.now()
        return self.state.withLock { state in
            let buckets = Self.networks(of: client).map { ($0, Self.bucket(of: $0, in: state, at: now)) }
            let waits = buckets.filter(\.1.isInDebt).map { network, bucket in
                Int(((Self.request - bucket.points) / (Self.perSecond * network.share)).rounded(.up))
            }
            if let longest = waits.max() { return longest }
            let added = buckets.count { state.buckets[$0.0] == nil }
            guard added == 0 || self.makeRoom(for: added, in: &state, at: now) else { return 1 }
            for (network, bucket) in buckets {
                state.buckets[network] = Bucket(points: bucket.points - Self.request, time: now)
            }
            return nil
        }
    }

    /// Takes what a wrong key costs.
    func noteFailure(_ client: IPAddress) {
        let now = self.now()
        self.state.withLock { state in
            for network in Self.networks(of: client) {
                let bucket = Self.bucket(of: network, in: state, at: now)
                state.buckets[network] = Bucket(points: bucket.points - Self.failure, time: now)
            }
        }
    }

    /// Drops the half of the buckets that were not used for longest when there are too many; those in debt come last, so
    /// that nobody rids himself of a debt by coming from many addresses.
    ///
    /// - Returns: Whether there is room.
    private func makeRoom(
        for count: Int,
        in state: inout State,
        at now: ContinuousClock.Instant
    ) -> Bool {
        guard state.buckets.count + count > self.most else { return true }
        guard state.dropped.map({ now - $0 >= Self.pause }) ?? true else { return false }
        state.dropped = now
        let order = state.buckets.map { network, bucket in
            (network, bucket.time, isInDebt: Self.bucket(of: network, in: state, at: now).isInDebt)
        }.sorted { left, right in
            left.isInDebt == right.isInDebt ? left.1 < right.1 : right.isInDebt
        }
        for (network, _, _) in order.prefix((order.count + 1) / 2) { state.buckets[network] = nil }
        return true
    }

    /// What a network has by now.
    private static func bucket(
        of network: Network,
        in state: State,
        at now: ContinuousClock.Instant
    ) -> Bucket {
        let capacity = Self.capacity * network.share
        guard let bucket = state.buckets[network] else { return Bucket(points: capacity, time: now) }
        let seconds = max(0, (now - bucket.time) / .seconds(1))
        let points = bucket.points + seconds * Self.perSecond * network.share
        return Bucket(points: min(capacity, points), time: now)
    }

    private static func networks(of client: IPAddress) -> [Network] {
        guard case .ipv6(let address) = client else { return [Network(address: client)] }
        func network(_ length: Int) -> IPAddress {
            .ipv6(IPv6Prefix(containing: address, length: length).address)
        }
        return [Network(address: network(64)), Network(address: network(48), isWide: true)]
    }
}
