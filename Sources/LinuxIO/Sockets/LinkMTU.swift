internal import Glibc
public import Wire

/// What the kernel knows of the sizes that a path takes.
public enum LinkMTU {
    /// Asks for the size of the largest IP packet that fits on the way to an address, as far as the kernel knows.
    ///
    /// Three system calls; for when a packet was refused as too large, not for each packet.
    ///
    /// - Parameter remote: Where packets go.
    /// - Returns: The size in octets, IP header included; nil when there is no route.
    public static func toward(_ remote: IPAddress) -> Int? {
        guard let socket = try? UDPSocket(connectedTo: Endpoint(remote, port: 9)) else { return nil }
        let (level, option): (CInt, CInt) =
            switch AddressFamily(of: remote) {
            case .ipv4: (CInt(IPPROTO_IP), IP_MTU)
            case .ipv6: (CInt(IPPROTO_IPV6), IPV6_MTU)
            }
        var mtu: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(socket.fileDescriptor, level, option, &mtu, &length) == 0 else { return nil }
        return Int(mtu)
    }

    /// Tells whether the kernel learnt from an ICMP error, which may be made up, what fits on the way to an address.
    ///
    /// The kernel looks routes of IPv4 up without waiting for those who change them (since Linux 4.14).
    ///
    /// - Parameter remote: Where packets go.
    /// - Returns: Whether it did; false where a route or a link says it, or nobody.
    public static func isLearnt(toward remote: IPv4Address) -> Bool {
        guard var routes = try? RouteNetlink() else { return false }
        let way = try? routes.way(to: remote, as: geteuid())
        return way?.isMTULearnt ?? false
    }
}
