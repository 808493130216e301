internal import CLinux
internal import Glibc
internal import SystemPackage

/// A socket that hands IPv4 packets straight to a link, past the kernel's IP stack; ``TransmitBatch`` fills it.
///
/// It receives nothing. The kernel puts the link's header in front and changes nothing in the packets. They take the
/// link's queue like all others.
public struct LinkTransmitter: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// For batches.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Opens the socket.
    ///
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    public init() throws(SystemCallError) {
        let subject = "packet socket for IPv4"
        do throws(SystemCallError) {
            let type = CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            // Of protocol 0, it is given nothing that arrives.
            let descriptor = try OwnedDescriptor("socket(AF_PACKET)", about: subject) {
                socket(AF_PACKET, type, 0)
            }
            Self.enlargeBuffer(of: descriptor)
            self.descriptor = descriptor
        } catch {
            guard error.errno == .notPermitted else { throw error }
            throw error.explained("packet sockets need root or CAP_NET_RAW")
        }
    }

    /// Asks for a large buffer, beyond the host's limit where the process may.
    private static func enlargeBuffer(of descriptor: borrowing OwnedDescriptor) {
        var size = SocketDescriptor.bufferSize
        let length = socklen_t(MemoryLayout<CInt>.size)
        guard setsockopt(descriptor.rawValue, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 else { return }
        _ = setsockopt(descriptor.rawValue, SOL_SOCKET, SO_SNDBUF, &size, length)
    }
}

extension sockaddr_ll {
    /// The protocol number of IPv4 on Ethernet (`ETH_P_IP`).
    private static let ipv4: UInt16 = 0x0800

    /// Where IPv4 packets go on a link.
    init(_ hop: NextHop) {
        let address = hop.address
        self.init(
            sll_family: UInt16(AF_PACKET),
            sll_protocol: Self.ipv4.bigEndian,
            sll_ifindex: CInt(bitPattern: hop.interface),
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: UInt8(LinkAddress.length),
            sll_addr: (
                address.octet(0), address.octet(1), address.octet(2), address.octet(3), address.octet(4),
                address.octet(5), 0, 0
            )
        )
    }
}
