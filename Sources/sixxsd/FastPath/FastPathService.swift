import FastPath
import LinuxIO
import Logging
import ServiceLifecycle

/// Keeps the programs at links that come and go, and silent while the TUN device is down, and asks for the routes to users, until the
/// daemon ends.
struct FastPathService: Service {
    /// How long nothing must have been heard until links are looked at all the same, in milliseconds.
    private static let patience: CInt = 1000

    let links: FastPathLinks
    let forwarding: KernelForwarding
    let logger: Logger
    private let thread = BackgroundThread("links")

    /// Creates what follows links; nil without a fast path.
    init?(_ opening: FastPathOpening, logger: Logger) {
        guard case .open(let forwarding, let links) = opening else { return nil }
        self.links = links
        self.forwarding = forwarding
        self.logger = logger
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await self.thread.perform {
                var followed: UInt64 = 0
                while !self.links.watch.isStopped { followed = self.work(lastFollowed: followed) }
            }
        } onCancelOrGracefulShutdown: {
            self.links.watch.stop()
        }
        self.forwarding.hold(true)
        self.links.remove()
    }

    /// Waits for something to do, and does it.
    ///
    /// - Parameter followed: When links were looked at last.
    /// - Returns: When they were, now.
    private func work(lastFollowed followed: UInt64) -> UInt64 {
        let changes = self.links.watch.wait(atMost: Self.patience)
        let now = MonotonicClock.now()
        let isAnything = changes.contains(.anything)
        let isDue = isAnything || now &- followed >= UInt64(Self.patience) * 1_000_000
        if isDue { self.follow() }
        if !changes.isEmpty {
            // Where many change, routes are told of one by one.
            self.forwarding.tables.askForRoutesAgain { user in
                isAnything || changes.contains { $0.concerns(user) }
            }
        }
        for (tid, remote) in self.forwarding.tables.takeUnaskedRoutes() {
            self.forwarding.allow(self.links.largestPacket(toward: remote), of: tid, toward: remote)
        }
        return isDue ? now : followed
    }

    private func follow() {
        do throws(SystemCallError) {
            self.forwarding.hold(try !self.links.isDeviceUp())
            for failure in try self.links.follow() {
                self.logger.warning("packets from a link bypass the fast path: \(failure)")
            }
        } catch {
            self.logger.debug("links are not followed: \(error)")
        }
    }
}
