internal import CLinux
internal import Glibc
internal import Wire

extension RouteNetlink {
    /// What to do when the table has a route with the same destination and metric.
    public enum Conflict: Hashable, Sendable {
        /// The new route takes its place.
        case replaceExisting
        /// The new route is refused.
        case refuse
    }

    /// Adds a route to the main table, marked with ``routeProtocol``.
    ///
    /// - Parameters:
    ///   - route: The route.
    ///   - conflict: What to do when there is one already.
    /// - Throws: ``SystemCallError``, for instance when there is one and it may not be replaced ("File exists").
    public mutating func addRoute(
        _ route: IPv6Route,
        onConflict conflict: Conflict = .replaceExisting
    ) throws(SystemCallError) {
        let existing = conflict == .replaceExisting ? NLM_F_REPLACE : NLM_F_EXCL
        try self.change(
            Self.request(
                "RTM_NEWROUTE",
                RTM_NEWROUTE,
                flags: NLM_F_CREATE | existing,
                subject: "adding route \(route)",
                route: route
            )
        )
    }

    /// Removes a route from the main table, whoever added it.
    ///
    /// - Throws: ``SystemCallError`` when there is none such ("No such process").
    public mutating func removeRoute(_ route: IPv6Route) throws(SystemCallError) {
        try self.change(
            Self.request(
                "RTM_DELROUTE",
                RTM_DELROUTE,
                flags: 0,
                subject: "removing route \(route)",
                route: route
            )
        )
    }

    /// A request to add or remove a route.
    static func request(
        _ call: String,
        _ type: Int,
        flags: CInt,
        subject: String,
        route: IPv6Route
    ) -> NetlinkRequest {
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        message.rtm_dst_len = UInt8(clamping: route.destination.length)
        message.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        message.rtm_scope = UInt8(RT_SCOPE_UNIVERSE.rawValue)
        if type == RTM_NEWROUTE {
            message.rtm_protocol = Self.routeProtocol
            message.rtm_type = UInt8(RTN_UNICAST)
            if route.gateway != nil { message.rtm_flags = UInt32(RTNH_F_ONLINK) }
        }
        var request = NetlinkRequest(call, type: type, flags: flags | NLM_F_ACK, subject: subject)
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), route.destination.address)
        if let gateway = route.gateway { request.attribute(Int(RTA_GATEWAY.rawValue), gateway) }
        request.attribute(Int(RTA_OIF.rawValue), route.device.index)
        if let metric = route.metric { request.attribute(Int(RTA_PRIORITY.rawValue), metric) }
        return request
    }
}
