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
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        message.rtm_dst_len = 128
        // The route itself, not what it comes to for this one address.
        message.rtm_flags = UInt32(RTM_F_FIB_MATCH)
        var request = NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_ACK,
            subject: "looking up the route to \(address)"
        )
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), address)
        do throws(SystemCallError) {
            return try self.dump(request).lazy.compactMap { IPv6RouteEntry($0) }.first
        } catch {
            guard Self.routeRefusals.contains(error.errno) else { throw error }
            return nil
        }
    }

    /// Lists the routes of the main table to one destination, or all of them.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func routes(
        to destination: IPv6Prefix? = nil
    ) throws(SystemCallError) -> [IPv6RouteEntry] {
        var request = NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_DUMP,
            subject: "listing routes"
        )
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        request.append(message)
        return try self.dump(request).lazy.compactMap { IPv6RouteEntry($0) }.filter {
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
        case .ipv4(let address): try self.isOwn(address)
        case .ipv6(let address): try self.route(to: address)?.isLocal ?? false
        }
    }

    private mutating func isOwn(_ address: IPv4Address) throws(SystemCallError) -> Bool {
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET)
        message.rtm_dst_len = 32
        var request = NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_ACK,
            subject: "looking up the route to \(address)"
        )
        request.append(message)
        request.attribute(Int(RTA_DST.rawValue), address.value.bigEndian)
        do throws(SystemCallError) {
            return try self.dump(request).contains { reply in
                guard reply.body.count >= MemoryLayout<rtmsg>.size else { return false }
                let message = reply.body.withUnsafeBytes { $0.loadUnaligned(as: rtmsg.self) }
                return message.rtm_type == UInt8(RTN_LOCAL)
            }
        } catch {
            guard Self.routeRefusals.contains(error.errno) else { throw error }
            return false
        }
    }

    /// What may be changed about an interface.
    ///
    /// - Returns: How it is; nil when it is gone.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState? {
        var request = NetlinkRequest(
            "RTM_GETLINK",
            type: RTM_GETLINK,
            flags: NLM_F_ACK,
            subject: "looking at \(device)"
        )
        var message = ifinfomsg()
        message.ifi_index = CInt(truncatingIfNeeded: device.index)
        request.append(message)
        do throws(SystemCallError) {
            return try self.dump(request).lazy.compactMap { LinkState($0) }.first
        } catch {
            guard error.errno == Self.noSuchDevice else { throw error }
            return nil
        }
    }

    /// Lists the IPv6 addresses of an interface.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses.
    public mutating func addresses(of device: NetworkDevice) throws(SystemCallError) -> [InterfaceAddress] {
        var request = NetlinkRequest(
            "RTM_GETADDR",
            type: RTM_GETADDR,
            flags: NLM_F_DUMP,
            subject: "listing addresses of \(device)"
        )
        var message = ifaddrmsg()
        message.ifa_family = UInt8(AF_INET6)
        request.append(message)
        return try self.dump(request).compactMap { InterfaceAddress($0) }.filter {
            $0.interface == device.index
        }
    }
}
