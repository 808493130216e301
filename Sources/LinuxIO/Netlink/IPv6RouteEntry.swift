internal import CLinux
internal import Glibc
public import Wire

/// A route of IPv6 as the kernel has it, whoever added it.
public struct IPv6RouteEntry: Hashable, Sendable {
    /// The preference of a route that was added without one (`IP6_RT_PRIO_USER`).
    public static let defaultMetric: UInt32 = 1024

    /// Where the packets go.
    public let destination: IPv6Prefix

    /// The next hop, or nil when the destination is on a link, or there are several.
    public let gateway: IPv6Address?

    /// Number of the interface they leave through; nil when there are several.
    public let interface: UInt32?

    /// The preference among equal destinations, lower first.
    public let metric: UInt32

    /// Who added it (`rtm_protocol`).
    public let origin: UInt8

    /// What becomes of the packets (`rtm_type`): sent on, delivered here, thrown away.
    public let kind: UInt8

    /// Whether it is in the main table.
    public let isInMainTable: Bool

    /// Creates a description of a route that packets are sent on by.
    public init(
        to destination: IPv6Prefix,
        via gateway: IPv6Address? = nil,
        interface: UInt32?,
        metric: UInt32 = Self.defaultMetric,
        origin: UInt8
    ) {
        self.destination = destination
        self.gateway = gateway
        self.interface = interface
        self.metric = metric
        self.origin = origin
        self.kind = UInt8(RTN_UNICAST)
        self.isInMainTable = true
    }

    /// Reads a message about a route; nil when it is about something else.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<rtmsg>.size
        guard reply.type == UInt16(RTM_NEWROUTE), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
        guard message.rtm_family == UInt8(AF_INET6), message.rtm_dst_len <= 128 else { return nil }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        self.destination = IPv6Prefix(
            containing: attributes.ipv6Address(UInt16(RTA_DST.rawValue)) ?? .unspecified,
            length: Int(message.rtm_dst_len)
        )
        self.gateway = attributes.ipv6Address(UInt16(RTA_GATEWAY.rawValue))
        self.interface = attributes.number(UInt16(RTA_OIF.rawValue))
        self.metric = attributes.number(UInt16(RTA_PRIORITY.rawValue)) ?? Self.defaultMetric
        self.origin = message.rtm_protocol
        self.kind = message.rtm_type
        self.isInMainTable = message.rtm_table == UInt8(RT_TABLE_MAIN.rawValue)
    }

    /// Whether it is the default route.
    public var isDefault: Bool { self.destination.length == 0 }

    /// Whether router advertisements gave it (`RTPROT_RA`), to the kernel or to somebody who listens in its place.
    public var isAdvertised: Bool { self.origin == UInt8(RTPROT_RA) }

    /// Whether packets by it are for this host.
    public var isLocal: Bool { self.kind == UInt8(RTN_LOCAL) }

    /// Whether it is a route that ``RouteNetlink/addRoute(_:onConflict:)`` added.
    public func isSame(as route: IPv6Route) -> Bool {
        self.destination == route.destination && self.gateway == route.gateway
            && self.interface == route.device.index && self.origin == RouteNetlink.routeProtocol
            && self.kind == UInt8(RTN_UNICAST) && self.metric == route.metric ?? Self.defaultMetric
    }
}

extension IPv6RouteEntry: CustomStringConvertible {
    /// As `ip -6 route` writes it.
    public var description: String {
        let kind =
            switch Int(self.kind) {
            case RTN_UNICAST: ""
            case RTN_BLACKHOLE: "blackhole "
            case RTN_UNREACHABLE: "unreachable "
            case RTN_PROHIBIT: "prohibit "
            case RTN_LOCAL: "local "
            default: "type \(self.kind) "
            }
        let destination = self.isDefault ? "default" : "\(self.destination)"
        let via = self.gateway.map { " via \($0)" } ?? ""
        let device = self.interface.map { " dev \(NetworkDevice.name(ofIndex: $0))" } ?? ""
        let origin = self.isAdvertised ? " proto ra" : ""
        return "\(kind)\(destination)\(via)\(device)\(origin) metric \(self.metric)"
    }
}
