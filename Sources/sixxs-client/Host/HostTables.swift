import LinuxIO
import Wire

/// What the program asks and changes of the kernel to keep the host's side of the tunnel.
///
/// Each throws ``LinuxIO/SystemCallError`` when the kernel refuses.
protocol HostTables: ~Copyable {
    /// How a device is; nil when it is gone.
    mutating func state(of device: NetworkDevice) throws(SystemCallError) -> LinkState?

    /// A device's IPv6 addresses.
    mutating func addresses(of device: NetworkDevice) throws(SystemCallError) -> [InterfaceAddress]

    /// The main table's routes to one destination, or all of them.
    mutating func routes(to destination: IPv6Prefix?) throws(SystemCallError) -> [IPv6RouteEntry]

    /// The route that what is for an address takes; nil when there is none.
    mutating func route(to address: IPv6Address) throws(SystemCallError) -> IPv6RouteEntry?

    /// Sets a device's MTU, in octets.
    mutating func setMTU(_ mtu: Int, of device: NetworkDevice) throws(SystemCallError)

    /// Brings a device up.
    mutating func bringUp(_ device: NetworkDevice) throws(SystemCallError)

    /// Gives a device an address.
    mutating func addAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        to device: NetworkDevice
    ) throws(SystemCallError)

    /// Takes an address from a device.
    mutating func removeAddress(
        _ address: IPv6Address,
        prefixLength: Int,
        from device: NetworkDevice
    ) throws(SystemCallError)

    /// Adds a route, unless there is one with the same destination and metric.
    mutating func addRoute(
        _ route: IPv6Route,
        onConflict conflict: RouteNetlink.Conflict
    ) throws(SystemCallError)
}

extension RouteNetlink: HostTables {}
