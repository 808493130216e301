import LinuxIO
import Wire

/// What the daemon asks and changes of the kernel to keep what it has there.
///
/// Each throws ``LinuxIO/SystemCallError`` when the kernel refuses.
protocol KernelTables: ~Copyable {
    /// The route that what is for an address takes; nil when there is none.
    mutating func route(to address: IPv6Address) throws(SystemCallError) -> IPv6RouteEntry?

    /// The main table's routes to one destination, or all of them.
    mutating func routes(to destination: IPv6Prefix?) throws(SystemCallError) -> [IPv6RouteEntry]

    /// Adds a route in the place of one with the same destination and metric.
    mutating func putRoute(_ route: IPv6Route) throws(SystemCallError)

    /// Removes a route of the daemon's.
    mutating func removeRoute(_ route: IPv6Route) throws(SystemCallError)

    /// Removes a route, whoever added it.
    mutating func removeRoute(_ entry: IPv6RouteEntry) throws(SystemCallError)

    /// How a device is; nil when it is gone.
    mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState?

    /// Sets a device's MTU, in octets.
    mutating func setMTU(_ mtu: Int, of device: NetworkDevice) throws(SystemCallError)

    /// Brings a device up.
    mutating func bringUp(_ device: NetworkDevice) throws(SystemCallError)

    /// Has the kernel give a device no address by itself.
    mutating func disableAddressGeneration(of device: NetworkDevice) throws(SystemCallError)

    /// Whether an address is this host's own.
    mutating func isOwn(_ address: IPAddress) throws(SystemCallError) -> Bool

    /// A kernel setting; nil when the kernel has none such.
    mutating func setting(_ name: Sysctl.Name) throws(SystemCallError) -> String?

    /// Changes a kernel setting.
    mutating func set(_ name: Sysctl.Name, to value: String) throws(SystemCallError)
}

extension RouteNetlink: KernelTables {
    mutating func putRoute(_ route: IPv6Route) throws(SystemCallError) { try self.addRoute(route) }

    mutating func setting(_ name: Sysctl.Name) throws(SystemCallError) -> String? {
        try Sysctl.value(of: name)
    }

    mutating func set(_ name: Sysctl.Name, to value: String) throws(SystemCallError) {
        try Sysctl.set(name, to: value)
    }
}
