internal import CLinux
internal import Glibc
public import Wire

/// A change of the kernel's tables that next hops come from.
public enum RouteChange: Hashable, Sendable {
    /// An IPv4 route to these addresses came or went.
    case route(IPv4Address, prefixLength: Int)

    /// An IPv6 route to these addresses came or went.
    case ipv6Route(IPv6Prefix)

    /// An IPv4 neighbour's entry changed, in whatever way.
    case neighbour(Neighbour)

    /// Something that may concern every next hop: an interface, a rule, a group of next hops, or changes that were lost.
    case anything

    /// Reads a message; nil when no way depends on what it says.
    init?(_ reply: NetlinkReply) {
        switch Int(reply.type) {
        case RTM_NEWROUTE, RTM_DELROUTE:
            self.init(route: reply)
        case RTM_NEWNEIGH, RTM_DELNEIGH:
            guard let neighbour = Neighbour(reply) else { return nil }
            self = .neighbour(neighbour)
        case RTM_NEWLINK, RTM_DELLINK:
            // A bridge tells of its ports in the same words.
            guard reply.body.first == UInt8(AF_UNSPEC) else { return nil }
            self = .anything
        case RTM_NEWRULE, RTM_DELRULE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP:
            self = .anything
        default: return nil
        }
    }

    private init?(route reply: NetlinkReply) {
        let fixedLength = MemoryLayout<rtmsg>.size
        guard reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        if message.rtm_family == UInt8(AF_INET6), message.rtm_dst_len <= 128 {
            let address = attributes.ipv6Address(UInt16(RTA_DST.rawValue)) ?? .unspecified
            self = .ipv6Route(IPv6Prefix(containing: address, length: Int(message.rtm_dst_len)))
            return
        }
        guard message.rtm_family == UInt8(AF_INET), message.rtm_dst_len <= 32 else { return nil }
        self = .route(
            attributes.ipv4Address(UInt16(RTA_DST.rawValue)) ?? IPv4Address(0),
            prefixLength: Int(message.rtm_dst_len)
        )
    }

    /// Whether the change may concern packets to a host.
    ///
    /// Of a neighbour it can't be told from the host alone.
    public func concerns(_ host: IPv4Address) -> Bool {
        switch self {
        case .route(let address, let prefixLength):
            prefixLength == 0 || (address.value ^ host.value) >> (32 - UInt32(prefixLength)) == 0
        case .ipv6Route: false
        case .neighbour, .anything: true
        }
    }

    /// The same of a host of either version.
    public func concerns(_ host: IPAddress) -> Bool {
        switch (self, host) {
        case (.ipv6Route(let prefix), .ipv6(let address)): prefix.contains(address)
        case (.ipv6Route, .ipv4), (.route, .ipv6): false
        case (.route, .ipv4(let address)): self.concerns(address)
        case (.neighbour, _), (.anything, _): true
        }
    }
}
