import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

/// Runs tests in a network namespace of their own, which vanishes with the thread that lives in it.
enum NetworkNamespace {
    /// Whether this process may make namespaces, TUN devices and raw sockets.
    static let isAvailable =
        Privileges.has(.networkAdministration) && Privileges.has(.rawSockets) && getuid() == 0

    /// What a skipped test says.
    static let requirement: Comment = "needs root for network namespaces"

    /// Runs a body in a new thread in a new namespace whose loopback interface is up; the thread stays on one processor
    /// (``Delivery``).
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        try Thread.run {
            guard clinux_unshare_network() == 0, clinux_stay_on_processor() == 0 else {
                throw Errno(rawValue: errno)
            }
            var netlink = try RouteNetlink()
            try netlink.bringUp(NetworkDevice(named: "lo"))
            try body()
        }
    }
}

/// A thread of the operating system, for what Linux keeps a thread: namespaces and capabilities.
///
/// Nobody else's work keeps it from running.
final class Thread {
    private let body: @Sendable () throws -> Void
    private var result: Result<Void, any Error> = .success(())
    private var handle = pthread_t()

    /// Starts a thread that runs a body; ``wait()`` must follow.
    init(_ body: @escaping @Sendable () throws -> Void) throws {
        self.body = body
        let context = Unmanaged.passUnretained(self).toOpaque()
        let code = pthread_create(&self.handle, nil, { Thread.main($0) }, context)
        guard code == 0 else { throw Errno(rawValue: code) }
    }

    /// Waits for the thread's end.
    func wait() throws {
        pthread_join(self.handle, nil)
        try self.result.get()
    }

    /// Runs a body in a new thread and waits for its end.
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        try Thread(body).wait()
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let thread = Unmanaged<Thread>.fromOpaque(context).takeUnretainedValue()
        thread.result = Result { try thread.body() }
        return nil
    }
}
