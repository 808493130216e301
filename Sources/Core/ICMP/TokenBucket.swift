internal import Wire

/// How fast tokens flow into a bucket, and how many it holds.
struct TokenRate: Sendable {
    /// Nanoseconds until the next token.
    let interval: UInt64
    /// The most tokens the bucket holds, 1 or more.
    let burst: UInt64

    /// Creates a rate; nil when there is never a token.
    init?(perSecond: Int, burst: Int) {
        guard perSecond > 0, burst > 0 else { return nil }
        self.init(interval: Timestamp.nanosecondsPerSecond / UInt64(perSecond), burst: UInt64(burst))
    }

    init(interval: UInt64, burst: UInt64) {
        self.interval = interval
        self.burst = burst
    }
}

/// A limit on how often something is done: a rate, and a burst that it may save up (RFC 4443 §2.4(f)).
struct TokenBucket: Sendable {
    /// When the bucket would be full again, in nanoseconds of the monotonic clock.
    ///
    /// One number says all: the bucket lacks what flows in until then.
    private var fullAt: UInt64 = 0

    /// Looks whether there is a token.
    ///
    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - rate: How fast tokens flow in.
    /// - Returns: Whether there is one.
    func hasToken(at now: UInt64, _ rate: TokenRate) -> Bool {
        max(self.fullAt, now) - now <= rate.interval &* (rate.burst - 1)
    }

    /// Takes a token, or what there is of one.
    ///
    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - rate: How fast tokens flow in.
    mutating func spend(at now: UInt64, _ rate: TokenRate) {
        self.fullAt = min(max(self.fullAt, now) &+ rate.interval, now &+ rate.interval &* rate.burst)
    }
}
