internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

/// A non-blocking raw socket that receives all packets of one protocol; ``ReceiveBatch`` reads it.
///
/// Over IPv4 a packet comes whole, with its header, and already reassembled, so that it may have up to
/// 65,535 octets; over IPv6 only what follows the headers comes.
public struct RawSocket: ~Copyable, Sendable {
    private let socket: SocketDescriptor
    private let family: AddressFamily

    /// For pollers and batches.
    public var fileDescriptor: CInt { self.socket.rawValue }

    /// Opens a socket for a protocol.
    ///
    /// - Parameters:
    ///   - protocolNumber: An IANA protocol number such as 41 (IPv6), 47 (GRE), 1 (ICMP) or 58 (ICMPv6).
    ///   - family: The version of the outer IP header.
    ///   - tellsOrigins: Whether the kernel says where each packet came from, to which address and through what. Over IPv4
    ///     most of it stands in the packet's header, and a tenth of the kernel's work is saved.
    ///   - share: Which part of the protocol's packets to receive: all of one remote address go to one socket. The kernel
    ///     offers each packet to all of them.
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    public init(
        protocolNumber: UInt8,
        family: AddressFamily,
        tellsOrigins: Bool = true,
        share: TrafficShare = .all
    ) throws(SystemCallError) {
        let socket = try Self.open(protocolNumber, family, tellsOrigins: tellsOrigins)
        try socket.learnNoPathMTUs(family: family)
        if share.count > 1 { try Self.receiveOnly(share, on: socket, family) }
        self.socket = socket
        self.family = family
    }

    private static func receiveOnly(
        _ share: TrafficShare,
        on socket: borrowing SocketDescriptor,
        _ family: AddressFamily
    ) throws(SystemCallError) {
        let descriptor = socket.rawValue
        try systemCall("setsockopt(SO_ATTACH_FILTER)", about: socket.subject) {
            clinux_filter_share(
                descriptor,
                family == .ipv4 ? 4 : 6,
                UInt32(truncatingIfNeeded: share.index),
                UInt32(truncatingIfNeeded: share.count)
            )
        }
        // What came before the filter, the other sockets got too.
        socket.discardAll()
    }

    /// Opens a socket for ICMP over IPv4 or ICMPv6: errors, echo replies and over IPv4 echo requests.
    ///
    /// - Parameter family: Which version of IP.
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    public init(icmpOver family: AddressFamily) throws(SystemCallError) {
        let socket = try Self.open(family == .ipv4 ? ProtocolNumber.icmpv4 : ProtocolNumber.icmpv6, family)
        try systemCall("setsockopt(ICMP_FILTER)", about: "raw ICMP socket over \(family)") {
            clinux_filter_icmp(socket.rawValue, family == .ipv4 ? 4 : 6)
        }
        self.socket = socket
        self.family = family
    }

    /// Opens a socket that talks to one remote end only; what is sent gets its IP header from the kernel, with DF clear over
    /// IPv4.
    ///
    /// - Parameters:
    ///   - protocolNumber: An IANA protocol number.
    ///   - remote: The far end.
    ///   - local: The address to send from, or nil for the one that the route suggests.
    /// - Throws: ``SystemCallError``, for instance when there is no route or the local address is not ours.
    public init(
        protocolNumber: UInt8,
        connectedTo remote: IPAddress,
        from local: IPAddress? = nil
    ) throws(SystemCallError) {
        let socket = try Self.open(protocolNumber, AddressFamily(of: remote))
        try socket.learnNoPathMTUs(family: AddressFamily(of: remote), fragments: true)
        if let local {
            do throws(SystemCallError) {
                try socket.bind(to: SocketAddress(local, port: 0))
            } catch {
                throw error.explained("this host has no address \(local)")
            }
        }
        try socket.connect(to: SocketAddress(remote, port: 0))
        self.socket = socket
        self.family = AddressFamily(of: remote)
    }

    private static func open(
        _ protocolNumber: UInt8,
        _ family: AddressFamily,
        tellsOrigins: Bool = true
    ) throws(SystemCallError) -> SocketDescriptor {
        do throws(SystemCallError) {
            let socket = try SocketDescriptor(
                family: family,
                kind: .raw,
                protocolNumber: CInt(protocolNumber),
                subject: "raw socket for protocol \(protocolNumber) over \(family)"
            )
            try socket.enlargeBuffers()
            if tellsOrigins { try socket.enableControlMessages(family: family) }
            return socket
        } catch {
            guard error.errno == .notPermitted else { throw error }
            throw error.explained("raw sockets need root or CAP_NET_RAW")
        }
    }

    /// Sets DSCP and ECN of the outer header of what is sent from now on.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func setTrafficClass(_ trafficClass: UInt8) throws(SystemCallError) {
        try self.socket.setTrafficClass(trafficClass, family: self.family)
    }

    /// Sends a payload to the remote end of a connected socket, without waiting.
    ///
    /// - Throws: ``SystemCallError``, for instance when the network can't be reached.
    public func send(_ payload: RawSpan) throws(SystemCallError) {
        try self.socket.send(payload)
    }

    /// The local address.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    public func localAddress() throws(SystemCallError) -> IPAddress {
        try self.socket.localAddress().address
    }
}
