/// A point in time, as the engine is told it: it has no clock of its own.
public struct Timestamp: Hashable, Sendable {
    /// Nanoseconds of a clock that never steps; for durations.
    public var monotonic: UInt64

    /// Seconds since 1970; for what comes from or goes to other hosts and people.
    public var unixTime: Int64

    /// Creates a moment.
    @inlinable
    public init(monotonic: UInt64, unixTime: Int64) {
        self.monotonic = monotonic
        self.unixTime = unixTime
    }

    /// When a reading of the monotonic clock was taken, in seconds since 1970 by the present wall clock.
    ///
    /// A wall clock that was set in between changes what is shown, never what is decided.
    func unixTime(of earlier: UInt64) -> Int64 {
        self.unixTime - Int64(clamping: self.nanoseconds(since: earlier) / Self.nanosecondsPerSecond)
    }

    static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    /// Nanoseconds since an earlier reading of the monotonic clock; 0 when it is not earlier.
    func nanoseconds(since earlier: UInt64) -> UInt64 {
        self.monotonic > earlier ? self.monotonic - earlier : 0
    }
}
