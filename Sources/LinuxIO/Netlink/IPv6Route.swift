internal import CLinux
internal import Glibc
public import Wire

/// An entry of the kernel's main IPv6 routing table.
public struct IPv6Route: Hashable, Sendable {
    /// Where the packets go.
    public var destination: IPv6Prefix

    /// The next hop, or nil when the destination is on the device's link.
    ///
    /// It is taken to be on the link whatever its prefix (`RTNH_F_ONLINK`).
    public var gateway: IPv6Address?

    /// The device they leave through.
    public var device: NetworkDevice

    /// The preference among equal destinations, lower first, or nil for the kernel's default (1024).
    public var metric: UInt32?

    /// Creates a route.
    public init(
        to destination: IPv6Prefix,
        via gateway: IPv6Address? = nil,
        device: NetworkDevice,
        metric: UInt32? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.device = device
        self.metric = metric
    }

    /// Reads a message about a route; nil when it is not ours (``RouteNetlink/routeProtocol``), leads elsewhere than
    /// through the device, or is no route of IPv6.
    init?(own reply: NetlinkReply, through device: NetworkDevice) {
        let fixedLength = MemoryLayout<rtmsg>.size
        guard reply.type == UInt16(RTM_NEWROUTE), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        guard message.rtm_family == UInt8(AF_INET6), message.rtm_protocol == RouteNetlink.routeProtocol,
            attributes.number(UInt16(RTA_OIF.rawValue)) == device.index
        else { return nil }
        self.destination = IPv6Prefix(
            containing: attributes.ipv6Address(UInt16(RTA_DST.rawValue)) ?? .unspecified,
            length: Int(message.rtm_dst_len)
        )
        self.gateway = attributes.ipv6Address(UInt16(RTA_GATEWAY.rawValue))
        self.device = device
        self.metric = attributes.number(UInt16(RTA_PRIORITY.rawValue))
    }
}

extension IPv6Route: CustomStringConvertible {
    /// As `ip -6 route` writes it.
    public var description: String {
        let via = self.gateway.map { " via \($0)" } ?? ""
        let metric = self.metric.map { " metric \($0)" } ?? ""
        return "\(self.destination)\(via) dev \(self.device)\(metric)"
    }
}
