import LinuxIO
import Logging
import ServiceLifecycle

/// Compares what the kernel has with what it should have: as soon as something changes, and now and then.
struct KernelService: Service {
    /// How soon after a change; many at once are one.
    private static let haste = Duration.milliseconds(500)

    /// How often nothing must have changed until it is looked at all the same, in ``haste``s: 4 seconds in all.
    private static let patience = 8

    let routes: any RouteKeeper
    let ledger: KernelLedger
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var idle = Self.patience
            while !Task.isCancelled {
                idle += 1
                if self.routes.hasChanged() || idle > Self.patience {
                    idle = 0
                    self.look()
                }
                try? await Task.sleep(for: Self.haste)
            }
        }
    }

    private func look() {
        let deviations = self.routes.compare()
        for remark in self.ledger.note(deviations, at: MonotonicClock.now()) {
            self.logger.log(level: remark.level, "\(remark.text)")
        }
    }
}
