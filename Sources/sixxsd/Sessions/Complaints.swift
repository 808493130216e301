import Logging
import Synchronization

/// Logs who was refused, each reason once in a while: somebody who tries all day fills no disk.
final class Complaints: Sendable {
    private static let pause = Duration.seconds(600)
    /// The most reasons that are remembered.
    private static let capacity = 256

    private let logger: Logger
    private let last = Mutex<[Porter.Refusal: ContinuousClock.Instant]>([:])

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Logs a refusal, unless the same was logged lately.
    func note(_ refusal: Porter.Refusal) {
        let isNew = self.last.withLock { last in
            let now = ContinuousClock.now
            if let before = last[refusal], now - before < Self.pause { return false }
            if last.count >= Self.capacity, let oldest = last.min(by: { $0.value < $1.value }) {
                last[oldest.key] = nil
            }
            last[refusal] = now
            return true
        }
        if isNew { self.logger.notice("control port refused: \(refusal.text)") }
    }
}
