/// A point in time, as the engine is told it: it has no clock of its own.
public struct Timestamp: Hashable, Sendable {
    /// Nanoseconds of a clock that never steps; for durations.
    public var monotonic: UInt64

    /// Seconds since 1970; for what comes from or goes to other hosts and people.
    public var unixTime: Int64

    /// How far the second of ``unixTime`` had gone, in nanoseconds below 1,000,000,000.
    public var nanosecond: UInt32

    /// Creates a moment.
    ///
    /// - Parameters:
    ///   - monotonic: Nanoseconds of a clock that never steps.
    ///   - unixTime: Whole seconds since 1970.
    ///   - nanosecond: Nanoseconds since that second began.
    @inlinable
    public init(monotonic: UInt64, unixTime: Int64, nanosecond: UInt32 = 0) {
        self.monotonic = monotonic
        self.unixTime = unixTime
        self.nanosecond = nanosecond
    }

    /// When a reading of the monotonic clock was taken, in seconds since 1970 by the present wall clock.
    ///
    /// A wall clock that was set in between changes what is shown, never what is decided. The fraction of the second
    /// counts, so that one event has one time, whenever somebody asks.
    func unixTime(of earlier: UInt64) -> Int64 {
        let (seconds, rest) = self.nanoseconds(since: earlier).quotientAndRemainder(
            dividingBy: Self.nanosecondsPerSecond
        )
        return self.unixTime - Int64(clamping: seconds) - (rest > UInt64(self.nanosecond) ? 1 : 0)
    }

    static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    /// Nanoseconds since an earlier reading of the monotonic clock; 0 when it is not earlier.
    func nanoseconds(since earlier: UInt64) -> UInt64 {
        self.monotonic > earlier ? self.monotonic - earlier : 0
    }
}
