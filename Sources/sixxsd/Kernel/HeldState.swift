import LinuxIO
import Wire

/// What the daemon has in the kernel, and holds it to: its device, its routes; and what of the host it rests on.
struct HeldState<Tables: KernelTables & ~Copyable>: ~Copyable {
    /// For how long a device that somebody took down is left so, in nanoseconds: they may be about to bring it up.
    static var patience: UInt64 { 2_000_000_000 }

    /// MTU of the device, in octets.
    let mtu: Int
    /// Whether the daemon turned the host's forwarding on.
    let forwards: Bool
    private var tables: Tables
    private let device: NetworkDevice
    private var routes: [IPv6Route] = []
    private var addresses: [IPAddress] = []
    /// Those of the addresses that the host had when it was asked.
    private var knownAddresses: Set<IPAddress> = []
    /// Since when the device is down; nil while it is not.
    private var downSince: UInt64?

    /// Creates what has no routes and addresses yet.
    init(_ tables: consuming Tables, device: NetworkDevice, mtu: Int, forwards: Bool) {
        self.tables = tables
        self.device = device
        self.mtu = mtu
        self.forwards = forwards
    }

    // MARK: - What there is to be

    /// Adds the routes that a configuration needs, and removes those it needs no more.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` with what the kernel refused first; all else is done, and ``compare(at:)`` will try
    ///   again.
    mutating func follow(_ configuration: Configuration) throws(SystemCallError) {
        let wanted = Self.routes(of: configuration, through: self.device)
        let old = self.routes
        self.routes = wanted
        self.addresses = Self.addresses(of: configuration)
        self.knownAddresses.formIntersection(self.addresses)
        var failure: SystemCallError?
        for route in wanted where !old.contains(route) {
            do throws(SystemCallError) { try self.tables.putRoute(route) } catch {
                failure = failure ?? error
            }
        }
        for route in old.reversed() where !wanted.contains(route) {
            do throws(SystemCallError) { try self.tables.removeRoute(route) } catch {
                // Somebody was faster.
                if !error.isGoneAlready { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
    }

    /// One next hop for all prefixes, so that the kernel keeps no neighbour entry per address.
    private static func routes(of configuration: Configuration, through device: NetworkDevice) -> [IPv6Route]
    {
        guard let tunnelPrefix = configuration.pop.tunnelPrefix else { return [] }
        let nextHop = IPv6Address(high: tunnelPrefix.address.high | 0xffff, low: 1)
        let host = IPv6Route(to: IPv6Prefix(containing: nextHop, length: 128), device: device)
        let prefixes = [tunnelPrefix] + configuration.pop.subnetPrefixes
        return [host] + prefixes.map { IPv6Route(to: $0, via: nextHop, device: device) }
    }

    private static func addresses(of configuration: Configuration) -> [IPAddress] {
        configuration.pop.ownDetails.map { [.ipv4($0.ipv4), .ipv6($0.ipv6)] } ?? []
    }

    // MARK: - What there is

    /// Compares all of it with what the kernel has, and mends what differs.
    ///
    /// - Parameter now: Monotonic time, in nanoseconds.
    /// - Returns: What differed; nothing when all is well.
    mutating func compare(at now: UInt64) -> [Deviation] {
        var found = self.compareDevice(at: now)
        // Without the device nothing leads through it, and it is said already.
        if self.downSince == nil, !found.contains(where: { $0.subject == .device && $0.outcome == .open }) {
            found += self.routes.compactMap { self.compare($0) }
        }
        found += self.addresses.compactMap { self.compare($0) }
        if self.forwards { found += self.compareForwarding() }
        return found
    }

    private mutating func compareDevice(at now: UInt64) -> [Deviation] {
        var found: [Deviation] = []
        do throws(SystemCallError) {
            guard let state = try self.tables.state(of: self.device) else {
                return [Deviation(.device, .open, "device \(self.device) is gone: restart the daemon")]
            }
            if state.mtu != self.mtu { found.append(try self.mendMTU(state.mtu)) }
            if state.isUp {
                self.downSince = nil
            } else if now &- (self.downSince ?? now) < Self.patience {
                self.downSince = self.downSince ?? now
            } else {
                try self.tables.bringUp(self.device)
                self.downSince = nil
                found.append(Deviation(.device, .mended, "device \(self.device) was down: brought up again"))
            }
            found += try self.compareIPv6()
        } catch {
            found.append(
                Deviation(.device, .open, "device \(self.device) cannot be read or repaired: \(error)")
            )
        }
        return found
    }

    private mutating func mendMTU(_ mtu: Int) throws(SystemCallError) -> Deviation {
        try self.tables.setMTU(self.mtu, of: self.device)
        // Below 1280 the device lost IPv6, and with it what was set at the start; where it did not, nothing changes.
        try? self.tables.disableAddressGeneration(of: self.device)
        return Deviation(.mtu, .mended, "MTU of \(self.device) was \(mtu): set to \(self.mtu) again")
    }

    private mutating func compareIPv6() throws(SystemCallError) -> [Deviation] {
        // It may have another name by now.
        let setting = Sysctl.Name.disablesIPv6(on: NetworkDevice.name(ofIndex: self.device.index))
        guard try self.tables.setting(setting) == "1" else { return [] }
        try self.tables.set(setting, to: "0")
        return [Deviation(.ipv6, .mended, "\(setting) was 1: set to 0 again")]
    }

    private mutating func compareForwarding() -> [Deviation] {
        let setting = Sysctl.Name.ipv6Forwarding
        do throws(SystemCallError) {
            guard try self.tables.setting(setting) == "0" else { return [] }
            try self.tables.turnForwardingOn()
            return [Deviation(.forwarding, .mended, "\(setting) was 0: set to 1 again")]
        } catch {
            return [Deviation(.forwarding, .open, "the host does not forward IPv6: \(error)")]
        }
    }

    private mutating func compare(_ address: IPAddress) -> Deviation? {
        do throws(SystemCallError) {
            if try self.tables.isOwn(address) {
                self.knownAddresses.insert(address)
                return nil
            }
        } catch {
            return Deviation(.address, .open, "whether \(address) is this host's can't be told: \(error)")
        }
        if self.knownAddresses.contains(address) {
            return Deviation(
                .address,
                .open,
                "the PoP's address \(address) is gone from this host, and users can't reach it: give it back (ip address add)"
            )
        }
        return Deviation(
            .address,
            .remarked,
            "the PoP's address \(address) does not belong to this host, which is right only behind NAT"
        )
    }

    // MARK: - Routes

    private mutating func compare(_ route: IPv6Route) -> Deviation? {
        do throws(SystemCallError) {
            let taken = try self.tables.route(to: Self.sample(of: route.destination))
            if let taken, taken.isSame(as: route) { return nil }
            let there = try self.tables.routes(to: route.destination)
            let isThere = there.contains { $0.isSame(as: route) }
            let metric = route.metric ?? IPv6RouteEntry.defaultMetric
            let rivals = there.filter { !$0.isSame(as: route) && $0.metric == metric }
            if !isThere || !rivals.isEmpty { return try self.putBack(route, isThere: isThere, rivals) }
            // Of part of a prefix others may know better; of all of it, they may not.
            if let taken, taken.destination.length > route.destination.length { return nil }
            let way = taken.map { "\($0)" } ?? "no route"
            return Deviation(
                .route,
                .open,
                "packets for \(route.destination) do not come here but take \(way): remove that"
            )
        } catch {
            return Deviation(.route, .open, "route \(route) cannot be restored: \(error)")
        }
    }

    private mutating func putBack(
        _ route: IPv6Route,
        isThere: Bool,
        _ rivals: [IPv6RouteEntry]
    ) throws(SystemCallError) -> Deviation {
        if !isThere { try self.tables.putRoute(route) }
        for rival in rivals {
            do throws(SystemCallError) { try self.tables.removeRoute(rival) } catch {
                // To put one back may replace the other.
                if !error.isGoneAlready { throw error }
            }
        }
        guard let rival = rivals.first else {
            return Deviation(.route, .mended, "route \(route) was gone: added again")
        }
        return Deviation(.route, .mended, "route \(route) was replaced by \(rival): put back")
    }

    /// An address that only a route to all of a prefix leads to: no tunnel has it.
    private static func sample(of prefix: IPv6Prefix) -> IPv6Address {
        guard prefix.length < 64 else { return prefix.address }
        let free = UInt64.max >> UInt64(prefix.length)
        return IPv6Address(high: prefix.address.high | 0xfffe & free, low: 0x7a6b_5c4d_3e2f_1001)
    }
}
