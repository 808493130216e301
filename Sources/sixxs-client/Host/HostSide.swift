import LinuxIO
import Wire

/// The host's side of the tunnel as the kernel must have it, and what of it the kernel has.
struct HostSide<Tables: HostTables & ~Copyable>: ~Copyable {
    /// For how long a device that somebody took down is left so: they may be about to bring it up.
    static var patience: Duration { .seconds(2) }

    private var tables: Tables
    private let device: NetworkDevice
    private let identity: IPv6Address
    private let mtu: Int
    /// The default route; nil when it is left alone.
    private let defaultRoute: IPv6Route?
    /// Since when the device is down; nil while it is not.
    private(set) var downSince: Duration?

    /// Creates what nobody looked at yet.
    ///
    /// - Parameters:
    ///   - tables: The kernel's.
    ///   - device: The tunnel's.
    ///   - identity: Its address; its /64 is on the link.
    ///   - mtu: In octets.
    ///   - defaultRoute: The default route through it; nil when there is to be none.
    init(
        _ tables: consuming Tables,
        device: NetworkDevice,
        identity: IPv6Address,
        mtu: Int,
        defaultRoute: IPv6Route?
    ) {
        self.tables = tables
        self.device = device
        self.identity = identity
        self.mtu = mtu
        self.defaultRoute = defaultRoute
    }

    /// Puts back what the kernel lost of the device, its address and its route.
    ///
    /// - Parameter now: The time.
    /// - Returns: What was put back, a phrase each; nothing when all is well, or while it is waited for somebody.
    /// - Throws: ``SystemCallError`` with what could not be put back; the rest is then left for the next time.
    mutating func mend(at now: Duration) throws(SystemCallError) -> [String] {
        // Who reads the device is told that it is gone.
        guard let state = try self.tables.state(of: self.device) else { return [] }
        var mended: [String] = []
        if state.mtu != self.mtu {
            try self.tables.setMTU(self.mtu, of: self.device)
            mended.append("MTU \(self.mtu), which was \(state.mtu)")
        }
        if !state.isUp {
            let since = self.downSince ?? now
            self.downSince = since
            guard now - since >= Self.patience else { return mended }
            try self.tables.bringUp(self.device)
            mended.append("device up (it was down)")
        }
        self.downSince = nil
        return mended + (try self.mendAddress()) + (try self.mendRoute())
    }

    private mutating func mendAddress() throws(SystemCallError) -> [String] {
        let there = try self.tables.addresses(of: self.device).filter { $0.address == self.identity }
        if there.contains(where: { $0.prefixLength == 64 }) { return [] }
        // The kernel keeps an address once, with the length that came first.
        for other in there {
            try self.tables.removeAddress(self.identity, prefixLength: other.prefixLength, from: self.device)
        }
        try self.tables.addAddress(self.identity, prefixLength: 64, to: self.device)
        let before = there.first.map { ", which was /\($0.prefixLength)" } ?? ""
        return ["address \(self.identity)/64\(before)"]
    }

    private mutating func mendRoute() throws(SystemCallError) -> [String] {
        guard let route = self.defaultRoute else { return [] }
        if try self.tables.routes(to: route.destination).contains(where: { $0.isSame(as: route) }) {
            return []
        }
        do throws(SystemCallError) { try self.tables.addRoute(route, onConflict: .refuse) } catch {
            throw error.isAlreadyThere ? error.explained("another route has its place") : error
        }
        return ["the default route"]
    }

    /// What becomes of the host's packets to the internet instead of their going through the tunnel; nil when they go there, or are
    /// not meant to.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses to say.
    mutating func detour() throws(SystemCallError) -> Detour? {
        guard self.defaultRoute != nil else { return nil }
        guard let taken = try self.tables.route(to: Self.sample) else { return .nowhere }
        return taken.interface == self.device.index ? nil : .route(taken)
    }

    /// An address of the internet that nobody has, so that only a default route leads to it (RFC 4291 §2.4; 2000::/16 is given
    /// to no one).
    private static var sample: IPv6Address { IPv6Address(high: 0x2000_0000_0000_0000, low: 1) }
}

/// Where packets go that should go through the tunnel.
enum Detour: Hashable, Sendable {
    /// By a route that stands before the tunnel's.
    case route(IPv6RouteEntry)
    /// Nowhere: a route or a rule has the kernel refuse them.
    case nowhere
}
