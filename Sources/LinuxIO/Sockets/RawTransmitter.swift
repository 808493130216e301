internal import CLinux
internal import Glibc
internal import SystemPackage

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
    /// - Parameter family: Which version of IP is outside.
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    public init(family: AddressFamily) throws(SystemCallError) {
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
            self.socket = socket
        } catch {
            guard error.errno == .notPermitted else { throw error }
            throw error.explained("raw sockets need root or CAP_NET_RAW")
        }
    }
}
