import Synchronization
import Wire

/// How long the last changes of the configuration took, and how long forwarding stood still for each.
final class ApplyTimes: Sendable {
    /// One change, in nanoseconds.
    struct Sample: Sendable {
        /// From the text's arrival to its being in force, without the time that the disk took.
        var total: UInt64
        /// How long the packet loop was kept.
        var standstill: UInt64
    }

    /// How many changes are remembered.
    private static let capacity = 1024

    private struct State {
        var samples: [Sample] = []
        var next = 0
        var count = 0
        var standstill = Histogram(bounds: ApplyTimes.bounds)
        var total = Histogram(bounds: ApplyTimes.bounds)
    }

    /// In seconds, from 0.1 ms on: below that nobody notices.
    private static let bounds = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]

    private let state = Mutex(State())

    func record(_ sample: Sample) {
        self.state.withLock { state in
            state.count += 1
            state.standstill.record(Double(sample.standstill) / 1e9)
            state.total.record(Double(sample.total) / 1e9)
            guard state.samples.count == Self.capacity else {
                state.samples.append(sample)
                return
            }
            state.samples[state.next] = sample
            state.next = (state.next + 1) % Self.capacity
        }
    }

    /// All changes, in seconds.
    var histograms: (standstill: Histogram, total: Histogram) {
        self.state.withLock { ($0.standstill, $0.total) }
    }

    /// Two lines: of the time that forwarding stood still, and of the whole change.
    var lines: [String] {
        let (samples, count) = self.state.withLock { ($0.samples, $0.count) }
        guard !samples.isEmpty else { return ["applied 0"] }
        return [
            "applied \(count)",
            "standstill \(Self.line(samples.map(\.standstill)))",
            "apply \(Self.line(samples.map(\.total)))",
        ]
    }

    private static func line(_ values: [UInt64]) -> String {
        let sorted = values.sorted()
        let at: (Int) -> UInt64 = { sorted[min(sorted.count - 1, sorted.count * $0 / 100)] / 1000 }
        return "p50 \(at(50)) us p99 \(at(99)) us max \(at(100)) us of \(sorted.count)"
    }
}
