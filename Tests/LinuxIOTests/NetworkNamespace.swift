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

    /// Runs a body in a new thread in a new namespace whose loopback interface is up.
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        try Thread.run {
            guard clinux_unshare_network() == 0 else { throw Errno(rawValue: errno) }
            var netlink = try RouteNetlink()
            try netlink.bringUp(NetworkDevice(named: "lo"))
            try body()
        }
    }
}

/// A thread of the operating system, for what Linux keeps a thread: namespaces and capabilities.
enum Thread {
    private final class Job {
        let body: @Sendable () throws -> Void
        var result: Result<Void, any Error> = .success(())

        init(_ body: @escaping @Sendable () throws -> Void) {
            self.body = body
        }
    }

    /// Runs a body in a new thread and waits for its end.
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        let job = Job(body)
        var thread = pthread_t()
        let context = Unmanaged.passUnretained(job).toOpaque()
        let code = pthread_create(&thread, nil, { Thread.main($0) }, context)
        guard code == 0 else { throw Errno(rawValue: code) }
        pthread_join(thread, nil)
        try job.result.get()
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let job = Unmanaged<Job>.fromOpaque(context).takeUnretainedValue()
        job.result = Result { try job.body() }
        return nil
    }
}
