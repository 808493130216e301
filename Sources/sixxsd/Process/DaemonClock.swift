import Core
import Foundation
import LinuxIO

/// When the daemon started, and how long ago.
struct DaemonClock: Sendable {
    /// Drawn anew at each start, so that collectors see restarts: 32 hexadecimal digits.
    let instance: String
    private let startedAt = MonotonicClock.now()

    init() {
        self.instance = [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)]
            .map {
                String(repeating: "0", count: $0.leadingZeroBitCount / 4)
                    + ($0 == 0 ? "" : String($0, radix: 16))
            }
            .joined()
    }

    /// Seconds since the start.
    var uptime: Int { Int((MonotonicClock.now() - self.startedAt) / 1_000_000_000) }

    /// `901 days 01:41:44`.
    static func format(uptime seconds: Int) -> String {
        let time = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
        return "\(seconds / 86_400) days \(time)"
    }
}

extension Timestamp {
    /// The present moment, by the host's clocks.
    static func now() -> Timestamp {
        let date = WallClock.now()
        return Timestamp(
            monotonic: MonotonicClock.now(),
            unixTime: Int64(clamping: date.seconds),
            nanosecond: date.nanosecond
        )
    }
}
