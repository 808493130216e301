import LinuxIO
import Wire

/// Keeps the kernel's routes into the TUN device in step with the configuration.
struct UplinkRoutes: ~Copyable {
    private var netlink: RouteNetlink
    private let device: NetworkDevice
    private var present: [IPv6Route] = []

    /// Brings the device up, ready for routes.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    init(deviceName: String) throws(SystemCallError) {
        var netlink = try RouteNetlink()
        let device = try NetworkDevice(named: deviceName)
        try netlink.disableAddressGeneration(of: device)
        try netlink.setMTU(Self.deviceMTU, of: device)
        try netlink.bringUp(device)
        self.netlink = netlink
        self.device = device
    }

    /// MTU of the TUN device, in octets: what an Ethernet uplink brings.
    ///
    /// The daemon itself says what is too big
    /// for a tunnel.
    private static let deviceMTU = 1500

    /// Adds the routes that a configuration needs and removes those it needs no more.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused; what was done before stays done.
    mutating func follow(_ configuration: Configuration) throws(SystemCallError) {
        let wanted = self.routes(of: configuration)
        for route in wanted where !self.present.contains(route) {
            try self.netlink.addRoute(route)
            self.present.append(route)
        }
        for route in self.present.reversed() where !wanted.contains(route) {
            try self.netlink.removeRoute(route)
            self.present.removeAll { $0 == route }
        }
    }

    /// One next hop for all prefixes, so that the kernel keeps no neighbour entry per address.
    private func routes(of configuration: Configuration) -> [IPv6Route] {
        guard let tunnelPrefix = configuration.pop.tunnelPrefix else { return [] }
        let nextHop = IPv6Address(high: tunnelPrefix.address.high | 0xffff, low: 1)
        let host = IPv6Route(to: IPv6Prefix(containing: nextHop, length: 128), device: self.device)
        let prefixes = [tunnelPrefix] + configuration.pop.subnetPrefixes
        return [host] + prefixes.map { IPv6Route(to: $0, via: nextHop, device: self.device) }
    }
}
