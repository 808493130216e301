import LinuxIO
import Synchronization
import Wire

/// What keeps the kernel's routes in step with the configuration.
protocol RouteKeeper: Sendable {
    /// Adds the routes that a configuration needs and removes those it needs no more.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused; what was done before stays done.
    func follow(_ configuration: Configuration) throws(SystemCallError)

    /// Adds the routes again when the kernel has forgotten them, as it does when somebody takes the device down.
    ///
    /// - Returns: How many; 0 while the device is down, since that may be meant.
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    func restore() throws(SystemCallError) -> Int
}

/// The routes into the TUN device.
final class UplinkRoutes: RouteKeeper {
    fileprivate struct Routes: ~Copyable {
        var netlink: RouteNetlink
        let device: NetworkDevice
        var present: [IPv6Route] = []
    }

    /// MTU of the TUN device, in octets: what an Ethernet uplink brings.
    ///
    /// The daemon itself says what is too big for a tunnel.
    static let deviceMTU = 1500

    private let routes: Mutex<Routes>

    /// Brings the device up, ready for routes.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    init(deviceName: String) throws(SystemCallError) {
        var netlink = try RouteNetlink()
        let device = try NetworkDevice(named: deviceName)
        try netlink.disableAddressGeneration(of: device)
        try netlink.setMTU(Self.deviceMTU, of: device)
        try netlink.bringUp(device)
        self.routes = Mutex(Routes(netlink: netlink, device: device))
    }

    func follow(_ configuration: Configuration) throws(SystemCallError) {
        try self.routes.withLock { (routes) throws(SystemCallError) in
            try routes.follow(configuration)
        }
    }

    func restore() throws(SystemCallError) -> Int {
        try self.routes.withLock { (routes) throws(SystemCallError) in try routes.restore() }
    }
}

extension UplinkRoutes.Routes {
    fileprivate mutating func follow(_ configuration: Configuration) throws(SystemCallError) {
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

    fileprivate mutating func restore() throws(SystemCallError) -> Int {
        // The first is the next hop of all the others, and goes with them.
        guard let first = self.present.first,
            try !self.netlink.leads(to: first.destination.address, through: self.device),
            try self.netlink.isUp(self.device)
        else { return 0 }
        for route in self.present { try self.netlink.addRoute(route) }
        return self.present.count
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
