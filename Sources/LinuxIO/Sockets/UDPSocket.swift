internal import Glibc
internal import SystemPackage
public import Wire

/// A non-blocking UDP socket; ``ReceiveBatch`` reads it.
public struct UDPSocket: ~Copyable, Sendable {
    private let socket: SocketDescriptor
    private let family: AddressFamily

    /// For pollers and batches.
    public var fileDescriptor: CInt { self.socket.rawValue }

    /// Opens a socket on all addresses of the host; the IPv6 one leaves IPv4 to its sibling.
    ///
    /// - Parameters:
    ///   - port: Local port in host order; 0 lets the kernel choose.
    ///   - family: Which version of IP.
    /// - Throws: ``SystemCallError`` that names the port, for instance when another program has it.
    public init(port: UInt16, family: AddressFamily) throws(SystemCallError) {
        let socket = try Self.open(family, subject: "UDP port \(port) over \(family)")
        do throws(SystemCallError) {
            try socket.bind(to: SocketAddress(anyOf: family, port: port))
        } catch {
            guard error.errno == .addressInUse else { throw error }
            throw error.explained("another program has this port open")
        }
        self.socket = socket
        self.family = family
    }

    /// Opens a socket that talks to one remote end only, from a port that the kernel chooses.
    ///
    /// - Parameters:
    ///   - remote: The far end.
    ///   - local: The address to send from, or nil for the one that the route suggests.
    /// - Throws: ``SystemCallError``, for instance when there is no route or the local address is not ours.
    public init(connectedTo remote: Endpoint, from local: IPAddress? = nil) throws(SystemCallError) {
        let socket = try Self.open(AddressFamily(of: remote.address), subject: "UDP to \(remote)")
        if let local {
            do throws(SystemCallError) {
                try socket.bind(to: SocketAddress(local, port: 0))
            } catch {
                throw error.explained("this host has no address \(local)")
            }
        }
        try socket.connect(to: SocketAddress(remote.address, port: remote.port))
        self.socket = socket
        self.family = AddressFamily(of: remote.address)
    }

    private static func open(
        _ family: AddressFamily,
        subject: String
    ) throws(SystemCallError) -> SocketDescriptor {
        let socket = try SocketDescriptor(
            family: family,
            kind: .datagram,
            protocolNumber: CInt(IPPROTO_UDP),
            subject: subject
        )
        if family == .ipv6 {
            try socket.set("IPV6_V6ONLY", level: CInt(IPPROTO_IPV6), option: IPV6_V6ONLY, to: 1)
        }
        try socket.enlargeBuffers()
        try socket.enableControlMessages(family: family)
        return socket
    }

    /// Sets DSCP and ECN of the outer header of what is sent from now on.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func setTrafficClass(_ trafficClass: UInt8) throws(SystemCallError) {
        try self.socket.setTrafficClass(trafficClass, family: self.family)
    }

    /// Sends a datagram to the remote end of a connected socket, without waiting.
    ///
    /// - Throws: ``SystemCallError``; a refusal that ICMP reported for an earlier datagram too (`ECONNREFUSED`).
    public func send(_ datagram: RawSpan) throws(SystemCallError) {
        try self.socket.send(datagram)
    }

    /// The local address and port.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func localEndpoint() throws(SystemCallError) -> Endpoint {
        let address = try self.socket.localAddress()
        return Endpoint(address.address, port: address.port)
    }
}
