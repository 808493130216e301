internal import CLinux
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
    ///   - share: Which part of the port's datagrams to receive.
    ///   - offset: Where 16 bits lie in each datagram that say which part it belongs to, in octets; without it all of one
    ///     remote end are of one part, which the kernel chooses. Sockets must be opened in the order of their shares.
    /// - Throws: ``SystemCallError`` that names the port, for instance when another program has it.
    public init(
        port: UInt16,
        family: AddressFamily,
        share: TrafficShare = .all,
        spreadBy offset: Int? = nil
    ) throws(SystemCallError) {
        // Sockets that share a port would share it with another program's that does the same: only one that doesn't can tell.
        if share.count > 1, share.index == 0 { _ = try Self(port: port, family: family) }
        let socket = try Self.open(family, subject: "UDP port \(port) over \(family)")
        do throws(SystemCallError) {
            if share.count > 1 {
                try socket.set("SO_REUSEPORT", level: SOL_SOCKET, option: SO_REUSEPORT, to: 1)
            }
            try socket.bind(to: SocketAddress(anyOf: family, port: port))
        } catch {
            guard error.errno == .addressInUse else { throw error }
            throw error.explained("another program has this port open: ss -lunp shows which")
        }
        try socket.learnNoPathMTUs(family: family)
        if share.count > 1, share.index == 0, let offset {
            let descriptor = socket.rawValue
            try systemCall("setsockopt(SO_ATTACH_REUSEPORT_CBPF)", about: socket.subject) {
                clinux_spread_datagrams(
                    descriptor,
                    UInt32(truncatingIfNeeded: offset),
                    UInt32(truncatingIfNeeded: share.count)
                )
            }
        }
        self.socket = socket
        self.family = family
    }

    /// Opens a socket that sends from the port of another, and receives nothing.
    ///
    /// It is bound to loopback, whatever address its datagrams say: so all that comes from elsewhere is the other's, ICMP errors
    /// included, from which the kernel then learns nothing although this one sets DF.
    ///
    /// - Parameters:
    ///   - other: The socket whose port it has.
    ///   - port: That port.
    /// - Throws: ``SystemCallError``, for instance when another program has the port on loopback.
    public init(sendingFor other: borrowing UDPSocket, port: UInt16) throws(SystemCallError) {
        let family = other.family
        let socket = try Self.open(family, subject: "UDP port \(port) over \(family), to send from")
        let wasShared = other.socket.isPortShared
        try other.socket.sharePort(true)
        try socket.sharePort(true)
        try socket.bindAnywhere(family: family)
        try socket.bind(to: SocketAddress(loopbackOf: family, port: port))
        if !wasShared {
            // Nobody else may have it.
            try other.socket.sharePort(false)
            try socket.sharePort(false)
        }
        try socket.set("SO_RCVBUF", level: SOL_SOCKET, option: SO_RCVBUF, to: 1)
        self.socket = socket
        self.family = family
    }

    /// Opens a socket that talks to one remote end only, from a port that the kernel chooses; what it sends has DF clear over
    /// IPv4.
    ///
    /// - Parameters:
    ///   - remote: The far end.
    ///   - local: The address to send from, or nil for the one that the route suggests.
    /// - Throws: ``SystemCallError``, for instance when there is no route or the local address is not ours.
    public init(connectedTo remote: Endpoint, from local: IPAddress? = nil) throws(SystemCallError) {
        let socket = try Self.open(AddressFamily(of: remote.address), subject: "UDP to \(remote)")
        try socket.learnNoPathMTUs(family: AddressFamily(of: remote.address), fragments: true)
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

    /// Makes the socket fit to send datagrams as segments of one message (``TransmitBatch/beginSegments(_:)``) as the raw sockets send single
    /// ones: DF set whatever the kernel believes of the path, the given hop limit, the flow label that the message has.
    ///
    /// - Parameter hopLimit: TTL or hop limit of what is sent.
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func prepareForSegments(hopLimit: UInt8) throws(SystemCallError) {
        let (ipv4, ipv6) = (CInt(IPPROTO_IP), CInt(IPPROTO_IPV6))
        try self.socket.ignorePathMTUs(family: self.family)
        switch self.family {
        case .ipv4:
            try self.socket.set("IP_TTL", level: ipv4, option: IP_TTL, to: CInt(hopLimit))
        case .ipv6:
            try self.socket.set(
                "IPV6_UNICAST_HOPS",
                level: ipv6,
                option: IPV6_UNICAST_HOPS,
                to: CInt(hopLimit)
            )
            try self.socket.set("IPV6_AUTOFLOWLABEL", level: ipv6, option: CLINUX_IPV6_AUTOFLOWLABEL, to: 0)
        }
    }

    /// Lets the kernel put datagrams of one sender together (UDP_GRO, since Linux 5.0).
    ///
    /// ``ReceivedDatagram/segmentSize`` tells. Where it can't, nothing changes.
    public func receiveSegments() {
        var value: CInt = 1
        let length = socklen_t(MemoryLayout<CInt>.size)
        _ = setsockopt(self.fileDescriptor, CInt(IPPROTO_UDP), CLINUX_UDP_GRO, &value, length)
    }

    /// Whether the kernel cuts messages into datagrams (since Linux 4.18).
    public var canSendSegments: Bool {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(self.fileDescriptor, CInt(IPPROTO_UDP), CLINUX_UDP_SEGMENT, &value, &length) == 0
    }

    /// Sets DSCP and ECN of the outer header of what is sent from now on.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func setTrafficClass(_ trafficClass: UInt8) throws(SystemCallError) {
        try self.socket.setTrafficClass(trafficClass, family: self.family)
    }

    /// Sends a datagram to the remote end of a connected socket, without waiting.
    ///
    /// - Throws: ``SystemCallError``, for instance when the network can't be reached.
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
