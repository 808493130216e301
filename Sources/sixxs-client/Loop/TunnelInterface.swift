import LinuxIO
import Logging
import Wire

/// The host's side of the tunnel: a TUN device with its address, MTU and route.
struct TunnelInterface: ~Copyable {
    /// Below the preference of a native default route, which has metric 1024, so that the tunnel doesn't take its traffic.
    static let defaultRouteMetric: UInt32 = 2048

    let tun: TUNDevice
    private let device: NetworkDevice
    private let identity: IPv6Address
    private let mtu: Int
    private let defaultRoute: IPv6Route?

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
        let route = defaultRoute == .throughTunnel ? Self.defaultRoute(through: device) : nil
        if let route { try Self.add(route, &netlink) }
        self.tun = tun
        self.device = device
        self.identity = identity
        self.mtu = mtu
        self.defaultRoute = route
    }

    private init(_ other: consuming TunnelInterface, identity: IPv6Address, mtu: Int) {
        self.device = other.device
        self.defaultRoute = other.defaultRoute
        self.identity = identity
        self.mtu = mtu
        self.tun = other.tun
    }

    /// Gives the device the address and the MTU of another tunnel; its routes stay.
    ///
    /// - Parameters:
    ///   - identity: Its address from now on.
    ///   - mtu: In octets.
    /// - Returns: The same device.
    /// - Throws: ``SystemCallError`` that says what was tried.
    consuming func changed(to identity: IPv6Address, mtu: Int) throws(SystemCallError) -> TunnelInterface {
        var netlink = try RouteNetlink()
        if mtu != self.mtu { try netlink.setMTU(mtu, of: self.device) }
        if identity != self.identity {
            try netlink.addAddress(identity, prefixLength: 64, to: self.device)
            // Somebody else may have removed it.
            try? netlink.removeAddress(self.identity, prefixLength: 64, from: self.device)
        }
        return TunnelInterface(self, identity: identity, mtu: mtu)
    }

    /// Begins to hold the host to all of it.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    func watch(at now: Duration, _ logger: Logger) throws(SystemCallError) -> HostWatch {
        let side = HostSide(
            try RouteNetlink(),
            device: self.device,
            identity: self.identity,
            mtu: self.mtu,
            defaultRoute: self.defaultRoute
        )
        let advice = HostAdvice(device: self.device.name, metric: Self.defaultRouteMetric)
        return try HostWatch(side, advice, at: now, logger)
    }

    /// Whether the default route goes through the tunnel.
    enum DefaultRoute: Sendable {
        case throughTunnel
        case untouched
    }

    private static func defaultRoute(through device: NetworkDevice) -> IPv6Route {
        IPv6Route(
            to: IPv6Prefix(containing: .unspecified, length: 0),
            device: device,
            metric: Self.defaultRouteMetric
        )
    }

    private static func add(_ route: IPv6Route, _ netlink: inout RouteNetlink) throws(SystemCallError) {
        do throws(SystemCallError) {
            try netlink.addRoute(route, onConflict: .refuse)
        } catch {
            guard error.isAlreadyThere else { throw error }
            throw error.explained("another tunnel has the default route; --no-default-route leaves it alone")
        }
    }
}
