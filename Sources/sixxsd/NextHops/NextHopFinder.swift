import LinuxIO
import Wire

/// The kernel's tables that next hops are found in.
protocol RouteTables: ~Copyable {
    /// The way to a host; nil when there is none, or more to it than a neighbour on a link.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    mutating func way(to remote: IPv4Address, as user: UInt32) throws(SystemCallError) -> IPv4Way?

    /// A neighbour's link-layer address; nil when it is not known.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    mutating func linkAddress(of name: Neighbour.Name) throws(SystemCallError) -> LinkAddress?

    /// An interface; nil unless it speaks Ethernet and is up.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    mutating func ethernetLink(_ interface: UInt32) throws(SystemCallError) -> EthernetLink?
}

extension RouteNetlink: RouteTables {}

/// Finds next hops in the kernel's tables, and knows which changes of the tables make its answers worthless.
struct NextHopFinder<Tables: RouteTables & ~Copyable>: ~Copyable {
    /// How many remote ends it remembers before it begins anew.
    static var capacity: Int { 65_536 }

    private var tables: Tables
    private let user: UInt32

    // What the answers since the last change rest on.
    private var remotes: Set<IPv4Address> = []
    private var neighbours: [Neighbour.Name: LinkAddress?] = [:]
    private var links: [UInt32: EthernetLink?] = [:]

    /// Creates a finder.
    ///
    /// - Parameters:
    ///   - tables: Where it looks.
    ///   - user: Who opened the sockets whose packets are to go the same way.
    init(_ tables: consuming Tables, user: UInt32) {
        self.tables = tables
        self.user = user
    }

    /// Whether it must begin anew, so that what it remembers stays bounded.
    var isFull: Bool { self.remotes.count >= Self.capacity }

    /// Finds the next hop toward a remote end.
    ///
    /// - Returns: It; nil when packets must take the IP stack.
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    mutating func hop(toward remote: IPv4Address) throws(SystemCallError) -> NextHop? {
        self.remotes.insert(remote)
        guard let way = try self.tables.way(to: remote, as: self.user),
            let link = try self.link(way.interface)
        else { return nil }
        let name = Neighbour.Name(interface: way.interface, address: way.neighbour)
        let address = try self.tables.linkAddress(of: name)
        self.neighbours[name] = .some(address)
        guard let address else { return nil }
        return NextHop(
            interface: way.interface,
            address: address,
            mtu: min(link.mtu, way.mtu ?? link.mtu)
        )
    }

    private mutating func link(_ interface: UInt32) throws(SystemCallError) -> EthernetLink? {
        if let known = self.links[interface] { return known }
        let link = try self.tables.ethernetLink(interface)
        self.links[interface] = .some(link)
        return link
    }

    /// Whether an answer since the last ``beginAnew()`` may be another one after a change.
    func isTouched(by change: RouteChange) -> Bool {
        switch change {
        case .anything: true
        case .neighbour(let neighbour):
            // An entry's state changes all the time; what counts is whether and where packets can be sent by it.
            self.neighbours[neighbour.name].map { $0 != neighbour.linkAddress } ?? false
        case .ipv6Route: false
        case .route: self.remotes.contains { change.concerns($0) }
        }
    }

    /// Forgets what the answers rested on: they are worthless.
    mutating func beginAnew() {
        self.remotes.removeAll(keepingCapacity: true)
        self.neighbours.removeAll(keepingCapacity: true)
        self.links.removeAll(keepingCapacity: true)
    }
}
