internal import Synchronization
internal import Wire

/// How often a password may be tried for a handle, whoever has it, if anybody has.
///
/// Strangers share a bucket of points for each handle. From where a user logged in before, they have one of their own, so that
/// nobody who guesses keeps them out.
final class LoginLimiter: Sendable {
    /// What a bucket holds, and after how many seconds a point of it is back.
    private static let (capacity, secondsPerPoint) = (10.0, 30.0)

    private struct Key: Hashable {
        let handle: String

        /// Nil for strangers.
        let network: IPAddress?
    }

    private struct Bucket {
        var points: Double
        var time: ContinuousClock.Instant
    }

    private let state = Mutex([Key: Bucket]())
    private let now: @Sendable () -> ContinuousClock.Instant

    /// How many buckets there may be.
    private let most: Int

    init(most: Int = 20_000, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.most = most
        self.now = now
    }

    /// Takes what an attempt costs.
    ///
    /// - Parameters:
    ///   - handle: As it was typed.
    ///   - client: Who tries.
    /// - Returns: Nil when the password may be looked at; else in how many seconds another may.
    func admit(_ handle: String, from client: IPAddress?) -> Int? {
        let now = self.now()
        return self.state.withLock { buckets in
            let key = Self.key(handle, client, buckets)
            var bucket = Self.bucket(key, buckets, at: now)
            guard bucket.points >= 1 else {
                return Int(((1 - bucket.points) * Self.secondsPerPoint).rounded(.up))
            }
            bucket.points -= 1
            self.makeRoom(in: &buckets, at: now)
            buckets[key] = bucket
            return nil
        }
    }

    /// Gives back what an attempt cost that was right, and knows from where it came.
    func noteSuccess(_ handle: String, from client: IPAddress?) {
        let now = self.now()
        self.state.withLock { buckets in
            let key = Self.key(handle, client, buckets)
            let points = Self.bucket(key, buckets, at: now).points
            buckets[key] = Bucket(points: min(Self.capacity, points + 1), time: now)
            guard let client else { return }
            let familiar = Key(handle: Self.folded(handle), network: client.network)
            self.makeRoom(in: &buckets, at: now)
            buckets[familiar] = buckets[familiar] ?? Bucket(points: Self.capacity, time: now)
        }
    }

    /// Drops what says least when there is too much: buckets of strangers that are full, then those that are oldest.
    private func makeRoom(in buckets: inout [Key: Bucket], at now: ContinuousClock.Instant) {
        guard buckets.count >= self.most else { return }
        let present = buckets
        buckets = present.filter { key, _ in
            key.network != nil || Self.bucket(key, present, at: now).points < Self.capacity
        }
        guard buckets.count >= self.most else { return }
        for (key, _) in buckets.sorted(by: { $0.value.time < $1.value.time }).prefix(self.most / 2) {
            buckets[key] = nil
        }
    }

    private static func key(_ handle: String, _ client: IPAddress?, _ buckets: [Key: Bucket]) -> Key {
        let familiar = Key(handle: Self.folded(handle), network: client?.network)
        return buckets[familiar] == nil ? Key(handle: familiar.handle, network: nil) : familiar
    }

    /// However it is spelt, and no longer than any handle, in octets: one character may have thousands.
    private static func folded(_ handle: String) -> String {
        String(decoding: handle.utf8.prefix(64), as: UTF8.self).lowercased()
    }

    private static func bucket(
        _ key: Key,
        _ buckets: [Key: Bucket],
        at now: ContinuousClock.Instant
    ) -> Bucket {
        guard let bucket = buckets[key] else { return Bucket(points: Self.capacity, time: now) }
        let seconds = max(0, (now - bucket.time) / .seconds(1))
        return Bucket(points: min(Self.capacity, bucket.points + seconds / Self.secondsPerPoint), time: now)
    }
}
