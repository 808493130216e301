import FastPath
import LinuxIO
import Logging
import ServiceLifecycle

/// Keeps the programs at links that come and go, and silent while the TUN device is down, until the daemon ends.
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
            while !Task.isCancelled, !Task.isShuttingDownGracefully {
                await self.thread.perform {
                    self.links.watch.wait(atMost: Self.patience)
                    self.follow()
                }
            }
        } onCancelOrGracefulShutdown: {
            self.links.watch.stop()
        }
        self.forwarding.hold(true)
        self.links.remove()
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
