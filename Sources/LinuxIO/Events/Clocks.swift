internal import Glibc

/// Time that only goes forward, whatever happens to the date (CLOCK_MONOTONIC).
public enum MonotonicClock {
    /// Nanoseconds since some moment before the process began.
    public static func now() -> UInt64 {
        read(CLOCK_MONOTONIC).nanoseconds
    }
}

/// The date, as the host believes it (CLOCK_REALTIME).
public enum WallClock {
    /// Seconds since 1970.
    public static func secondsSince1970() -> UInt64 {
        read(CLOCK_REALTIME).seconds
    }

    /// Whole seconds since 1970, and nanoseconds since the last of them began.
    public static func now() -> (seconds: UInt64, nanosecond: UInt32) {
        let time = read(CLOCK_REALTIME)
        return (time.seconds, UInt32(clamping: time.tv_nsec))
    }
}

/// How long the host has run.
public enum HostUptime {
    /// Seconds since the host's start, sleep included (CLOCK_BOOTTIME).
    public static func seconds() -> UInt64 {
        read(CLOCK_BOOTTIME).seconds
    }
}

/// Reads a clock; with these clocks and a valid pointer the call cannot fail.
private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    _ = clock_gettime(clock, &time)
    return time
}

extension timespec {
    fileprivate var seconds: UInt64 { UInt64(max(self.tv_sec, 0)) }

    fileprivate var nanoseconds: UInt64 { self.seconds * 1_000_000_000 + UInt64(self.tv_nsec) }
}
