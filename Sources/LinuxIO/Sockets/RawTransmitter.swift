internal import CLinux
internal import Glibc
public import SystemPackage
public import Wire

/// A socket that sends whole packets, their IP header included; ``TransmitBatch`` fills it.
///
/// It receives nothing. The kernel completes an IPv4 header's checksum and total length, and gives it an
/// identification when that is 0 and DF is clear.
public struct RawTransmitter: ~Copyable, Sendable {
    private let socket: SocketDescriptor

    /// For batches.
    public var fileDescriptor: CInt { self.socket.rawValue }

    /// Opens the socket.
    ///
    /// - Parameters:
    ///   - family: The version of the outer IP header.
    ///   - ignoresPathMTUs: Whether it sends what the link takes, whatever the kernel knows of the path.
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    public init(family: AddressFamily, ignoresPathMTUs: Bool = false) throws(SystemCallError) {
        do throws(SystemCallError) {
            let socket = try SocketDescriptor(
                family: family,
                kind: .raw,
                protocolNumber: CInt(IPPROTO_RAW),
                subject: "raw socket for whole packets over \(family)"
            )
            try socket.enlargeBuffers()
            switch family {
            case .ipv4:
                try socket.set("IP_HDRINCL", level: CInt(IPPROTO_IP), option: IP_HDRINCL, to: 1)
            case .ipv6:
                try socket.set("IPV6_HDRINCL", level: CInt(IPPROTO_IPV6), option: CLINUX_IPV6_HDRINCL, to: 1)
            }
            if ignoresPathMTUs { try socket.ignorePathMTUs(family: family) }
            try Self.reportFullQueues(socket, family)
            self.socket = socket
        } catch {
            guard error.errno == .notPermitted else { throw error }
            throw error.explained("raw sockets need root or CAP_NET_RAW")
        }
    }

    /// Has the kernel say that a link's queue was full (`ENOBUFS`), which it keeps to itself unless errors are wanted.
    ///
    /// Their details, which nobody reads, are to take no memory.
    private static func reportFullQueues(
        _ socket: borrowing SocketDescriptor,
        _ family: AddressFamily
    ) throws(SystemCallError) {
        switch family {
        case .ipv4: try socket.set("IP_RECVERR", level: CInt(IPPROTO_IP), option: IP_RECVERR, to: 1)
        case .ipv6: try socket.set("IPV6_RECVERR", level: CInt(IPPROTO_IPV6), option: IPV6_RECVERR, to: 1)
        }
        try socket.set("SO_RCVBUF", level: SOL_SOCKET, option: SO_RCVBUF, to: 1)
    }

    /// Makes sure that its packets take the routes that the kernel tells everybody.
    ///
    /// - Throws: ``SystemCallError`` when the socket is bound to a device, as those of a VRF are.
    public func requireUnbound() throws(SystemCallError) {
        var interface: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        let name = "getsockopt(SO_BINDTOIFINDEX)"
        try systemCall(name, about: self.socket.subject) {
            getsockopt(self.fileDescriptor, SOL_SOCKET, CLINUX_SO_BINDTOIFINDEX, &interface, &length)
        }
        guard interface != 0 else { return }
        throw SystemCallError(
            call: name,
            errno: .notSupported,
            subject: self.socket.subject,
            explanation: "it is bound to interface \(interface) (a VRF?), whose routes are others"
        )
    }

    /// Sends one packet without waiting; allocates nothing.
    ///
    /// - Parameters:
    ///   - packet: The packet, its IP header included.
    ///   - destination: Where the kernel is to send it.
    ///   - fileDescriptor: Of a transmitter.
    /// - Returns: Why the kernel refused it; nil when it did not.
    public static func send(
        _ packet: UnsafeRawBufferPointer,
        to destination: IPAddress,
        on fileDescriptor: CInt
    ) -> Errno? {
        let result = attemptToSend {
            SocketAddress(destination, port: 0).withPointer {
                sendto(fileDescriptor, packet.baseAddress, packet.count, CInt(MSG_DONTWAIT), $0, $1)
            }
        }
        guard case .failure(let error) = result else { return nil }
        return error
    }
}
