internal import CLinux
internal import Glibc
internal import SystemPackage

/// The kernel's interfaces, addresses and routes, asked and changed through rtnetlink.
///
/// Acts in the network namespace of the thread that created it. Every method waits for the kernel's answer, five
/// seconds at most, and throws a ``SystemCallError`` that says what was asked.
public struct RouteNetlink: ~Copyable, Sendable {
    /// The origin that routes are marked with, so that ours can be told from others (`proto 166`).
    public static let routeProtocol: UInt8 = 166

    private var socket: NetlinkSocket

    /// Opens the netlink socket.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    public init() throws(SystemCallError) {
        self.socket = try NetlinkSocket(NETLINK_ROUTE, named: "NETLINK_ROUTE")
    }

    /// Sends a request that the kernel acknowledges.
    mutating func change(_ request: NetlinkRequest) throws(SystemCallError) {
        _ = try self.socket.exchange(request)
    }

    /// Sends a request that the kernel answers with any number of messages.
    mutating func dump(_ request: NetlinkRequest) throws(SystemCallError) -> [NetlinkReply] {
        try self.socket.exchange(request)
    }

    /// What a look-up answers whose route leads nowhere: none, unreachable, blackhole, prohibit.
    static let routeRefusals: [Errno] = [
        .networkUnreachable, .noRouteToHost, .invalidArgument, .permissionDenied,
    ]

    static let noSuchDevice = Errno(rawValue: ENODEV)

    /// Sends a request for one thing.
    ///
    /// - Returns: The first message that can be read as such; nil when there is none, or after some refusals.
    mutating func answer<Value>(
        _ request: NetlinkRequest,
        orNilAfter refusals: [Errno],
        _ read: (NetlinkReply) -> Value?
    ) throws(SystemCallError) -> Value? {
        do throws(SystemCallError) {
            return try self.dump(request).lazy.compactMap(read).first
        } catch {
            guard refusals.contains(error.errno) else { throw error }
            return nil
        }
    }
}
