internal import Glibc
internal import SystemPackage

/// Tells a service manager how the program is (sd_notify(3)).
///
/// Without `NOTIFY_SOCKET` in the environment every message goes nowhere, and nothing fails.
public struct SystemdNotifier: Sendable {
    /// What can be told.
    public enum Message: Hashable, Sendable {
        /// The program serves.
        case ready
        /// The program is about to end.
        case stopping
        /// The program reads its configuration again; ``ready`` follows. The time is ``MonotonicClock``'s.
        case reloading(atNanoseconds: UInt64)
        /// The program is alive.
        case watchdog
        /// One line for people.
        case status(String)

        /// As it goes on the socket.
        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time / 1000)"
            case .watchdog: "WATCHDOG=1"
            case .status(let line): "STATUS=\(line.split(whereSeparator: \.isNewline).joined(separator: " "))"
            }
        }
    }

    private let socketPath: String?

    /// How often ``Message/watchdog`` must come at least, or nil when nobody watches.
    public let watchdogInterval: Duration?

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of the environment.
    public init() {
        let process = Self.variable("WATCHDOG_PID").flatMap { pid_t($0) }
        let interval = Self.variable("WATCHDOG_USEC").flatMap { Int64($0) }
        let isOurs = process == nil || process == getpid()
        self.init(
            socketPath: Self.variable("NOTIFY_SOCKET"),
            watchdogInterval: isOurs ? interval.map { .microseconds($0) } : nil
        )
    }

    /// Creates a notifier for a given socket; a path that begins with `@` is an abstract one.
    public init(socketPath: String?, watchdogInterval: Duration? = nil) {
        self.socketPath = socketPath
        self.watchdogInterval = watchdogInterval
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Sends messages in one datagram.
    ///
    /// - Throws: ``SystemCallError`` when the socket named by the environment doesn't take them.
    public func notify(_ messages: Message...) throws(SystemCallError) {
        guard let path = self.socketPath else { return }
        let octets = Array(messages.map(\.text).joined(separator: "\n").utf8)
        let (address, length) = try Self.address(of: path)
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket", about: "notify socket \(path)") {
            socket(AF_UNIX, type, 0)
        }
        try systemCall("sendto", about: "notify socket \(path)") {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor.rawValue, octets, octets.count, CInt(MSG_NOSIGNAL), $0, length)
                }
            }
        }
    }

    private static func address(of path: String) throws(SystemCallError) -> (sockaddr_un, socklen_t) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(path.utf8)
        if octets.first == UInt8(ascii: "@") { octets[0] = 0 }
        let offset = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2
        guard offset + octets.count < MemoryLayout<sockaddr_un>.size else {
            throw SystemCallError(call: "sendto", errno: .fileNameTooLong, subject: "notify socket \(path)")
        }
        withUnsafeMutableBytes(of: &address) { $0[offset...].copyBytes(from: octets) }
        return (address, socklen_t(offset + octets.count))
    }
}
