internal import CLinux
internal import Glibc
internal import Wire

/// Both ends of a TCP connection, as `struct inet_diag_sockid` names them.
///
/// IPv4-mapped addresses are taken for the IPv4 addresses they stand for: the kernel finds sockets of either kind by those.
struct SocketPair: Hashable {
    /// A request's `struct inet_diag_req_v2` and an answer's `struct inet_diag_msg`, in octets.
    enum Length {
        static let request = 56
        static let answer = 72
    }

    private enum Offset {
        static let state = 1
        static let source = 4
        static let uid = 64
        static let inode = 68
    }

    /// `TCP_LISTEN` of the kernel.
    private static let listening: UInt8 = 10

    let end: Endpoint
    let other: Endpoint

    init(_ end: Endpoint, _ other: Endpoint) {
        self.end = Endpoint(end.address.unmapped, port: end.port)
        self.other = Endpoint(other.address.unmapped, port: other.port)
    }

    /// The question about the first end.
    var request: NetlinkRequest {
        var request = NetlinkRequest(
            "SOCK_DIAG_BY_FAMILY",
            type: Int(CLINUX_SOCK_DIAG_BY_FAMILY),
            flags: NLM_F_ACK,
            subject: "whose \(self.end) is, connected to \(self.other)"
        )
        request.append(self.family)
        request.append(UInt8(IPPROTO_TCP))
        // No extensions, padding, all states.
        request.append(UInt16(0))
        request.append(UInt32.max)
        self.appendIdentity(to: &request)
        return request
    }

    private var family: UInt8 {
        switch self.end.address {
        case .ipv4: UInt8(AF_INET)
        case .ipv6: UInt8(AF_INET6)
        }
    }

    private func appendIdentity(to request: inout NetlinkRequest) {
        request.append(self.end.port.bigEndian)
        request.append(self.other.port.bigEndian)
        request.append(diagnosed: self.end.address)
        request.append(diagnosed: self.other.address)
        // Any interface, and no cookie (INET_DIAG_NOCOOKIE).
        for number in [0, UInt32.max, UInt32.max] { request.append(number) }
    }

    /// Reads which connection an answer is about; nil when it is no such answer.
    init?(_ reply: NetlinkReply) {
        guard reply.type == UInt16(CLINUX_SOCK_DIAG_BY_FAMILY), reply.body.count >= Length.answer,
            let family = reply.body.first
        else { return nil }
        let body = reply.body.dropFirst(Offset.source)
        guard let end = Self.address(body.dropFirst(4), family),
            let other = Self.address(body.dropFirst(20), family)
        else { return nil }
        self.init(
            Endpoint(end, port: UInt16(bigEndian: body.hostOrder(at: 0))),
            Endpoint(other, port: UInt16(bigEndian: body.hostOrder(at: 2)))
        )
    }

    private static func address(_ octets: ArraySlice<UInt8>, _ family: UInt8) -> IPAddress? {
        switch CInt(family) {
        case AF_INET: .ipv4(IPv4Address(UInt32(bigEndian: octets.hostOrder(at: 0))))
        case AF_INET6:
            .ipv6(
                IPv6Address(
                    high: UInt64(bigEndian: octets.hostOrder(at: 0)),
                    low: UInt64(bigEndian: octets.hostOrder(at: 8))
                )
            )
        default: nil
        }
    }

    /// Whether an answer is about a socket that waits for connections.
    static func isListening(_ reply: NetlinkReply) -> Bool {
        SocketPair(reply) != nil && reply.body.hostOrder(at: Offset.state, as: UInt8.self) == Self.listening
    }

    /// The user and the inode of an answer.
    fileprivate static func holder(_ reply: NetlinkReply) -> (uid: UInt32, inode: UInt32) {
        (reply.body.hostOrder(at: Offset.uid), reply.body.hostOrder(at: Offset.inode))
    }
}

extension SocketHolder {
    /// Reads an answer; nil when it is about something else.
    ///
    /// Where no connection is found, the kernel shows who listens on that port: that is somebody else. Of a socket that
    /// no process holds any more it says user 0, which is not so: only the inode tells, which is 0 then.
    init?(_ reply: NetlinkReply, of pair: SocketPair) {
        guard SocketPair(reply) == pair, !SocketPair.isListening(reply) else { return nil }
        let (uid, inode) = SocketPair.holder(reply)
        self = inode == 0 ? .nobody : .user(uid)
    }
}

extension NetlinkRequest {
    /// Appends an address in network order, in 16 octets of which IPv4 uses the first four.
    fileprivate mutating func append(diagnosed address: IPAddress) {
        switch address {
        case .ipv4(let address):
            self.append(address.value.bigEndian)
            for _ in 0..<3 { self.append(UInt32(0)) }
        case .ipv6(let address):
            self.append(address.high.bigEndian)
            self.append(address.low.bigEndian)
        }
    }
}
