internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

/// Asks the kernel whose a TCP socket of this host is (sock_diag(7)).
///
/// Acts in the network namespace of the thread that created it. A question looks one connection up, however many there are.
public struct SocketDiagnostics: ~Copyable, Sendable {
    private var socket: NetlinkSocket

    /// Opens the netlink socket.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left, or the kernel has no such thing.
    public init() throws(SystemCallError) {
        self.socket = try NetlinkSocket(NETLINK_SOCK_DIAG, named: "NETLINK_SOCK_DIAG")
    }

    /// Says who holds one end of a TCP connection.
    ///
    /// - Parameters:
    ///   - end: The end that is asked about.
    ///   - other: Whom it is connected to.
    /// - Returns: Who holds it, as far as the kernel knows.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func holder(
        of end: Endpoint,
        connectedTo other: Endpoint
    ) throws(SystemCallError) -> SocketHolder {
        let pair = SocketPair(end, other)
        return try self.lookUp(pair).lazy.compactMap { SocketHolder($0, of: pair) }.first ?? .notHere
    }

    /// Whether the kernel sees that a port is listened on; false also where it can't tell anything.
    public mutating func seesListener(at end: Endpoint) -> Bool {
        let stranger = Endpoint(end.address, port: 1)
        let replies = (try? self.lookUp(SocketPair(end, stranger))) ?? []
        return replies.contains { SocketPair.isListening($0) }
    }

    private mutating func lookUp(_ pair: SocketPair) throws(SystemCallError) -> [NetlinkReply] {
        do throws(SystemCallError) {
            return try self.socket.exchange(pair.request)
        } catch {
            // Also said by a kernel that can't be asked about TCP.
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return []
        }
    }
}

/// Who holds a socket.
public enum SocketHolder: Hashable, Sendable {
    /// A process has it; the user who made it, by number.
    case user(UInt32)
    /// The kernel has it still, but no process does: who made it can't be told any more.
    case nobody
    /// There is none such in this network namespace.
    case notHere
}
