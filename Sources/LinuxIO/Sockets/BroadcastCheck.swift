internal import Glibc
internal import SystemPackage
public import Wire

/// Tells addresses of this host, which packets come to, from broadcast addresses of its links (RFC 1122 §3.2.1.3).
///
/// Raw sockets give packets as they came, and the kernel alone knows which of its addresses are which. It is asked by what it
/// allows a UDP socket, which takes one system call, and again after a second.
public struct BroadcastCheck: ~Copyable, Sendable {
    /// How long an answer is good, in nanoseconds.
    private static let lifetime: UInt64 = 1_000_000_000

    private let socket: SocketDescriptor
    private var address = IPv4Address(0)
    private var isBroadcast = false
    private var endsAt: UInt64 = 0

    /// Opens the socket that answers.
    ///
    /// - Throws: ``SystemCallError``, when there are no descriptors left.
    public init() throws(SystemCallError) {
        self.socket = try SocketDescriptor(
            family: .ipv4,
            kind: .datagram,
            protocolNumber: CInt(IPPROTO_UDP),
            subject: "socket that knows broadcast addresses"
        )
    }

    /// Tells whether an address that a packet came to is a broadcast address.
    ///
    /// - Parameters:
    ///   - address: Its destination.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether it is; false for what the host doesn't know.
    @inline(__always)
    public mutating func isBroadcast(_ address: IPv4Address, at now: UInt64) -> Bool {
        if address == self.address, now < self.endsAt { return self.isBroadcast }
        return self.ask(about: address, now)
    }

    private mutating func ask(about address: IPv4Address, _ now: UInt64) -> Bool {
        self.address = address
        self.endsAt = now &+ Self.lifetime
        self.isBroadcast = false
        // Sending to broadcast addresses is refused to sockets that have not asked for it.
        do { try self.socket.connect(to: SocketAddress(.ipv4(address), port: 9)) } catch {
            self.isBroadcast = error.errno == .permissionDenied
        }
        return self.isBroadcast
    }
}
