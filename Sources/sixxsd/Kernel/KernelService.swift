import LinuxIO
import Logging
import ServiceLifecycle

/// Compares what the kernel has with what it should have: as soon as something changes, and now and then.
struct KernelService: Service {
    /// How soon after a change, in milliseconds; many at once are one.
    private static let haste: CInt = 500

    /// How long nothing must have changed until it is looked at all the same, in milliseconds.
    private static let patience: CInt = 4000

    let routes: any RouteKeeper
    let watch: RouteWatch
    let ledger: KernelLedger
    let logger: Logger
    private let thread = BackgroundThread("kernel")

    /// Creates what holds the kernel to something.
    ///
    /// - Parameters:
    ///   - routes: What it should have.
    ///   - watch: Tells when to look; stopped at the end.
    ///   - ledger: Gets what was found.
    ///   - logger: Is told of it.
    init(routes: any RouteKeeper, watch: RouteWatch, ledger: KernelLedger, logger: Logger) {
        self.routes = routes
        self.watch = watch
        self.ledger = ledger
        self.logger = logger
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await self.thread.perform {
                self.look()
                while !self.watch.isStopped {
                    if !self.watch.wait(atMost: Self.patience).isEmpty { self.watch.settle(for: Self.haste) }
                    self.look()
                }
            }
        } onCancelOrGracefulShutdown: {
            self.watch.stop()
        }
    }

    private func look() {
        let deviations = self.routes.compare()
        for remark in self.ledger.note(deviations, at: MonotonicClock.now()) {
            self.logger.log(level: remark.level, "\(remark.text)")
        }
    }
}
