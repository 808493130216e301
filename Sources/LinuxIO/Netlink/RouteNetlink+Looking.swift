internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

// What the kernel has, whoever gave it.

extension RouteNetlink {
    /// The route that the kernel sends by what is for an address.
    ///
    /// One look-up, however many routes there are.
    ///
    /// - Returns: The route; nil when there is none.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func route(to address: IPv6Address) throws(SystemCallError) -> IPv6RouteEntry? {
        try self.answer(.route(to: address), orNilAfter: Self.routeRefusals) { IPv6RouteEntry($0) }
    }

    /// Lists the routes of the main table to one destination, or all of them.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func routes(
        to destination: IPv6Prefix? = nil
    ) throws(SystemCallError) -> [IPv6RouteEntry] {
        try self.dump(.allRoutes).lazy.compactMap { IPv6RouteEntry($0) }.filter {
            $0.isInMainTable && (destination == nil || $0.destination == destination)
        }
    }

    /// Removes a route from the main table, whoever added it.
    ///
    /// - Throws: ``SystemCallError`` when there is none such ("No such process").
    public mutating func removeRoute(_ entry: IPv6RouteEntry) throws(SystemCallError) {
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        message.rtm_dst_len = UInt8(clamping: entry.destination.length)
        message.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        message.rtm_protocol = entry.origin
        var request = NetlinkRequest(
            "RTM_DELROUTE",
            type: RTM_DELROUTE,
            flags: NLM_F_ACK,
            subject: "removing route \(entry)"
        )
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), entry.destination.address)
        if let gateway = entry.gateway { request.attribute(Int(RTA_GATEWAY.rawValue), gateway) }
        if let interface = entry.interface { request.attribute(Int(RTA_OIF.rawValue), interface) }
        request.attribute(Int(RTA_PRIORITY.rawValue), entry.metric)
        try self.change(request)
    }

    /// Whether an address is this host's own.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func isOwn(_ address: IPAddress) throws(SystemCallError) -> Bool {
        switch address {
        case .ipv4(let address):
            try self.answer(.route(to: address), orNilAfter: Self.routeRefusals, Self.isLocal) ?? false
        case .ipv6(let address): try self.route(to: address)?.isLocal ?? false
        }
    }

    /// Whether a route is to this host itself; nil when a message is of something else.
    private static func isLocal(_ reply: NetlinkReply) -> Bool? {
        guard reply.type == UInt16(RTM_NEWROUTE), reply.body.count >= MemoryLayout<rtmsg>.size else {
            return nil
        }
        return reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }.rtm_type == UInt8(RTN_LOCAL)
    }

    /// What may be changed about an interface.
    ///
    /// - Returns: How it is; nil when it is gone.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState? {
        try self.answer(.link(device.index, named: "\(device)"), orNilAfter: [Self.noSuchDevice]) {
            LinkState($0)
        }
    }

    /// Lists the interfaces that speak Ethernet, are up, and belong to no other (a bridge, a bond).
    ///
    /// - Returns: Their numbers.
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func ethernetLinks() throws(SystemCallError) -> [UInt32] {
        try self.dump(.allLinks).compactMap { reply in
            guard EthernetLink(reply) != nil else { return nil }
            let fixedLength = MemoryLayout<ifinfomsg>.size
            let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: ifinfomsg.self) }
            let attributes = NetlinkReply.attributes(in: reply.body.dropFirst(fixedLength))
            guard attributes.number(UInt16(IFLA_MASTER)) == nil else { return nil }
            return UInt32(bitPattern: message.ifi_index)
        }
    }

    /// Lists the IPv6 addresses of an interface.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func addresses(of device: NetworkDevice) throws(SystemCallError) -> [InterfaceAddress] {
        try self.dump(.addresses(of: device)).compactMap { InterfaceAddress($0) }.filter {
            $0.interface == device.index
        }
    }
}
