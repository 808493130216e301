/// A limit on how often something is done: a rate, and a burst that it may save up (RFC 4443 §2.4(f)).
struct TokenBucket: Sendable {
    /// When the bucket would be full again, in nanoseconds of the monotonic clock.
    ///
    /// One number says all: the bucket lacks what flows in until then.
    private var fullAt: UInt64 = 0

    /// Takes a token if there is one.
    ///
    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - perSecond: Tokens that flow in each second; 0 means that there never is one.
    ///   - burst: The most tokens the bucket holds.
    /// - Returns: Whether one was taken.
    mutating func take(at now: UInt64, perSecond: Int, burst: Int) -> Bool {
        guard perSecond > 0, burst > 0 else { return false }
        let interval = Moment.nanosecondsPerSecond / UInt64(perSecond)
        let start = max(self.fullAt, now)
        guard start - now <= interval &* UInt64(burst - 1) else { return false }
        self.fullAt = start &+ interval
        return true
    }
}
