internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

extension RouteNetlink {
    /// Asks which way the kernel sends what a socket sends to a host that is bound to nothing, as raw sockets are.
    ///
    /// - Parameters:
    ///   - remote: The host.
    ///   - user: Number of the user who opened the socket, which rules may go by.
    /// - Returns: The way; nil when there is none, or more to it than a neighbour on a link.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func way(to remote: IPv4Address, as user: UInt32) throws(SystemCallError) -> IPv4Way? {
        var request = NetlinkRequest.route(to: remote)
        request.attribute(Int(RTA_UID.rawValue), user)
        return try self.answer(request, orNilAfter: Self.routeRefusals) { IPv4Way($0, to: remote) }
    }

    /// Looks a neighbour up.
    ///
    /// - Parameter name: The neighbour.
    /// - Returns: Its link-layer address; nil when the kernel knows none that it would send to.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func linkAddress(of name: Neighbour.Name) throws(SystemCallError) -> LinkAddress? {
        // `EINVAL` is said of an interface that has no neighbours, `ENODEV` of one that is gone.
        let refusals: [Errno] = [.noSuchFileOrDirectory, Self.noSuchDevice, .invalidArgument]
        return try self.answer(.neighbour(name), orNilAfter: refusals) { Neighbour($0)?.linkAddress }
    }

    /// Looks an interface up.
    ///
    /// - Parameter interface: Its number.
    /// - Returns: What it is; nil unless it speaks Ethernet and is up.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    public mutating func ethernetLink(_ interface: UInt32) throws(SystemCallError) -> EthernetLink? {
        try self.answer(.link(interface, named: "interface \(interface)"), orNilAfter: [Self.noSuchDevice]) {
            EthernetLink($0)
        }
    }
}
