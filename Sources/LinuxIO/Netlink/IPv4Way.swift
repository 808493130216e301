internal import CLinux
internal import Glibc
public import Wire

/// What the kernel's IPv4 routes say about the way to one host.
public struct IPv4Way: Hashable, Sendable {
    /// Number of the interface that packets leave through.
    public var interface: UInt32

    /// Who takes them there: a gateway, or the host itself.
    public var neighbour: IPv4Address

    /// Size of the largest packet that the route allows, in octets; nil for the interface's own.
    public var mtu: Int?

    /// Whether the kernel goes by what somebody said of the path, which may not be true, and not by ``mtu``.
    public var isMTULearnt = false

    /// Creates a way.
    public init(interface: UInt32, neighbour: IPv4Address, mtu: Int? = nil) {
        self.interface = interface
        self.neighbour = neighbour
        self.mtu = mtu
    }

    /// Reads the answer to a question about one host.
    ///
    /// Nil for whatever is more than handing the packet to a neighbour: this host itself, broadcast, multicast, what is
    /// wrapped in something else on the way (`encap`), a gateway of IPv6.
    init?(_ reply: NetlinkReply, to remote: IPv4Address) {
        let fixedLength = MemoryLayout<rtmsg>.size
        guard reply.type == UInt16(RTM_NEWROUTE), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        let isWrapped = attributes[UInt16(RTA_ENCAP_TYPE.rawValue)] != nil
        guard message.rtm_family == UInt8(AF_INET), message.rtm_type == UInt8(RTN_UNICAST), !isWrapped,
            attributes[UInt16(RTA_VIA.rawValue)] == nil,
            let interface = attributes.number(UInt16(RTA_OIF.rawValue))
        else { return nil }
        self.interface = interface
        self.neighbour = attributes.ipv4Address(UInt16(RTA_GATEWAY.rawValue)) ?? remote
        let metrics = attributes[UInt16(RTA_METRICS.rawValue)].map { NetlinkReply.attributes(in: $0) }
        // What was learnt expires, and stands in the route's own place.
        self.isMTULearnt = Self.expires(attributes[UInt16(RTA_CACHEINFO.rawValue)])
        self.mtu =
            self.isMTULearnt ? nil : metrics?.number(UInt16(RTAX_MTU)).flatMap { $0 > 0 ? Int($0) : nil }
    }

    private static func expires(_ information: ArraySlice<UInt8>?) -> Bool {
        guard let information, information.count >= MemoryLayout<rta_cacheinfo>.size else { return false }
        return information.withUnsafeBytes { $0.loadUnaligned(as: rta_cacheinfo.self) }.rta_expires != 0
    }
}
