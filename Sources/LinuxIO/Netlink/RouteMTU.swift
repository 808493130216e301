internal import CLinux
internal import Glibc
public import Wire

/// What a route says about the size of packets (`mtu`), locked or not, whatever the kernel learnt of the path.
public enum RouteMTU: Hashable, Sendable {
    /// There is no route, or it leads nowhere.
    case noRoute
    /// As large as the interface takes.
    case any
    /// As large as so many octets.
    case limited(Int)

    /// Looks up the route that packets of a socket take which is bound to nothing.
    ///
    /// - Parameters:
    ///   - remote: Where they go.
    ///   - user: Number of the user who opened the socket, which rules may go by.
    ///   - tables: Where it looks.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public init(
        toward remote: IPAddress,
        as user: UInt32,
        in tables: inout RouteNetlink
    ) throws(SystemCallError) {
        var request =
            switch remote {
            case .ipv4(let address): NetlinkRequest.routeAsConfigured(to: address)
            case .ipv6(let address): NetlinkRequest.route(to: address)
            }
        request.attribute(Int(RTA_UID.rawValue), user)
        self = try tables.answer(request, orNilAfter: RouteNetlink.routeRefusals) { Self($0) } ?? .noRoute
    }

    /// Reads an answer; nil when it is about something else.
    init?(_ reply: NetlinkReply) {
        let fixedLength = MemoryLayout<rtmsg>.size
        guard reply.type == UInt16(RTM_NEWROUTE), reply.body.count >= fixedLength else { return nil }
        let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
        guard [UInt8(AF_INET), UInt8(AF_INET6)].contains(message.rtm_family),
            message.rtm_type == UInt8(RTN_UNICAST)
        else { return nil }
        let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
        let metrics = attributes[UInt16(RTA_METRICS.rawValue)].map { NetlinkReply.attributes(in: $0) }
        let octets = metrics?.number(UInt16(RTAX_MTU)) ?? 0
        self = octets > 0 ? .limited(Int(octets)) : .any
    }
}
