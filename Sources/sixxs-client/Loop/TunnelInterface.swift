import LinuxIO
import Wire

/// The host's side of the tunnel: a TUN device with its address, MTU and route.
struct TunnelInterface: ~Copyable {
    /// Below the preference of a native default route, which has metric 1024, so that the tunnel doesn't take its traffic.
    static let defaultRouteMetric: UInt32 = 2048

    let tun: TUNDevice

    /// Creates the device and sets it up; it vanishes with the value.
    ///
    /// - Parameters:
    ///   - name: Of the device.
    ///   - identity: Its address; its /64 is on the link.
    ///   - mtu: In octets.
    ///   - defaultRoute: Whether the default route goes through it.
    ///   - offloads: Whether the kernel may hand over and take many packets as one.
    /// - Throws: ``SystemCallError`` that says what was tried.
    init(
        name: String,
        identity: IPv6Address,
        mtu: Int,
        defaultRoute: DefaultRoute,
        _ offloads: Offloads
    ) throws(SystemCallError) {
        let tun = try TUNDevice(name: name, wantsOffloads: offloads == .auto)
        let device = try NetworkDevice(named: tun.name)
        var netlink = try RouteNetlink()
        try netlink.disableAddressGeneration(of: device)
        try netlink.setMTU(mtu, of: device)
        try netlink.addAddress(identity, prefixLength: 64, to: device)
        try netlink.bringUp(device)
        if defaultRoute == .throughTunnel { try Self.addDefaultRoute(device, &netlink) }
        self.tun = tun
    }

    /// Whether the default route goes through the tunnel.
    enum DefaultRoute: Sendable {
        case throughTunnel
        case untouched
    }

    private static func addDefaultRoute(
        _ device: NetworkDevice,
        _ netlink: inout RouteNetlink
    ) throws(SystemCallError) {
        let route = IPv6Route(
            to: IPv6Prefix(containing: .unspecified, length: 0),
            device: device,
            metric: Self.defaultRouteMetric
        )
        do throws(SystemCallError) {
            try netlink.addRoute(route, onConflict: .refuse)
        } catch {
            guard error.isAlreadyThere else { throw error }
            throw error.explained("another tunnel has the default route; --no-default-route leaves it alone")
        }
    }
}
