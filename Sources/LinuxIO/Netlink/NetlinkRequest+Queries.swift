internal import CLinux
internal import Glibc
internal import Wire

/// What the kernel is asked: requests that change nothing.
extension NetlinkRequest {
    /// Which route the kernel sends by what is for an address, one look-up however many routes there are.
    static func route(to address: IPv6Address) -> NetlinkRequest {
        // The route itself, not what it comes to for this one address.
        var request = Self.route(to: "\(address)", AF_INET6, length: 128, flags: UInt32(RTM_F_FIB_MATCH))
        request.attribute(Int(RTA_DST.rawValue), address)
        return request
    }

    /// The same for IPv4, where it says what it comes to.
    static func route(to address: IPv4Address) -> NetlinkRequest {
        Self.route(to: address, flags: 0)
    }

    /// The same, where it says what the route itself is, whatever was learnt of the path.
    static func routeAsConfigured(to address: IPv4Address) -> NetlinkRequest {
        Self.route(to: address, flags: UInt32(RTM_F_FIB_MATCH))
    }

    private static func route(to address: IPv4Address, flags: UInt32) -> NetlinkRequest {
        var request = Self.route(to: "\(address)", AF_INET, length: 32, flags: flags)
        request.attribute(Int(RTA_DST.rawValue), address.value.bigEndian)
        return request
    }

    private static func route(
        to address: String,
        _ family: CInt,
        length: UInt8,
        flags: UInt32
    ) -> NetlinkRequest {
        var message = rtmsg()
        message.rtm_family = UInt8(family)
        message.rtm_dst_len = length
        message.rtm_flags = flags
        return NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_ACK,
            subject: "looking up the route to \(address)",
            message: message
        )
    }

    /// All routes of IPv6, in all tables.
    static var allRoutes: NetlinkRequest {
        var message = rtmsg()
        message.rtm_family = UInt8(AF_INET6)
        return NetlinkRequest(
            "RTM_GETROUTE",
            type: RTM_GETROUTE,
            flags: NLM_F_DUMP,
            subject: "listing routes",
            message: message
        )
    }

    /// An interface, by its number.
    static func link(_ interface: UInt32, named name: String) -> NetlinkRequest {
        var message = ifinfomsg()
        message.ifi_index = CInt(bitPattern: interface)
        return NetlinkRequest(
            "RTM_GETLINK",
            type: RTM_GETLINK,
            flags: NLM_F_ACK,
            subject: "looking at \(name)",
            message: message
        )
    }

    /// All interfaces.
    static var allLinks: NetlinkRequest {
        NetlinkRequest(
            "RTM_GETLINK",
            type: RTM_GETLINK,
            flags: NLM_F_DUMP,
            subject: "listing interfaces",
            message: ifinfomsg()
        )
    }

    /// A neighbour of IPv4.
    static func neighbour(_ name: Neighbour.Name) -> NetlinkRequest {
        var message = ndmsg()
        message.ndm_family = UInt8(AF_INET)
        message.ndm_ifindex = CInt(bitPattern: name.interface)
        var request = NetlinkRequest(
            "RTM_GETNEIGH",
            type: RTM_GETNEIGH,
            flags: NLM_F_ACK,
            subject: "looking up neighbour \(name.address)",
            message: message
        )
        request.attribute(Int(NDA_DST), name.address.value.bigEndian)
        return request
    }

    /// All addresses of IPv6, for the sake of one interface's.
    static func addresses(of device: NetworkDevice) -> NetlinkRequest {
        var message = ifaddrmsg()
        message.ifa_family = UInt8(AF_INET6)
        return NetlinkRequest(
            "RTM_GETADDR",
            type: RTM_GETADDR,
            flags: NLM_F_DUMP,
            subject: "listing addresses of \(device)",
            message: message
        )
    }
}
