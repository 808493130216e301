import FastPath
import LinuxIO
import Logging
import ServiceLifecycle

/// Keeps the programs at links that come and go, until the daemon ends.
struct FastPathService: Service {
    private static let interval = Duration.seconds(1)

    let links: FastPathLinks
    let forwarding: KernelForwarding
    let logger: Logger

    /// Creates what follows links; nil without a fast path.
    init?(_ opening: FastPathOpening, logger: Logger) {
        guard case .open(let forwarding, let links) = opening else { return nil }
        self.links = links
        self.forwarding = forwarding
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.follow()
                try? await Task.sleep(for: Self.interval)
            }
        }
        self.forwarding.tables.fallSilent()
        self.links.remove()
    }

    private func follow() {
        do throws(SystemCallError) {
            for failure in try self.links.follow() {
                self.logger.warning("packets that a link brings are not on the fast path: \(failure)")
            }
        } catch {
            self.logger.debug("links are not followed: \(error)")
        }
    }
}
