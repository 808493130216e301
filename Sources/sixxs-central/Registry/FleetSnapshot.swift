internal import Wire

/// The registry, or a part of it, as it stood at one instant.
struct FleetSnapshot: Hashable, Sendable {
    /// How many changes the registry had seen; two snapshots of equal revision and scope are equal.
    let revision: Int64

    /// All PoPs, whatever the scope, by name.
    let pops: [PoP]

    /// By address.
    let prefixes: [RoutedPrefix]

    /// By PoP and tid.
    let tunnels: [Tunnel]

    /// By address.
    let subnets: [Subnet]

    /// By handle; only in the scopes ``Scope/fleet`` and ``Scope/users``.
    var users: [User] = []

    /// How changes go out to the PoPs.
    var waves = WavePolicy()

    /// What a snapshot covers besides the PoPs.
    enum Scope: Hashable, Sendable {
        case fleet

        /// The prefixes, tunnels and subnets of one PoP.
        case pop(PoPName)

        /// One tunnel, its subnets, and its PoP's prefixes.
        case tunnel(TunnelNumber)

        /// The tunnels of one user, their subnets, and the prefixes of their PoPs.
        case owner(UserHandle)

        /// No tunnels and subnets.
        case infrastructure

        /// The users alone.
        case users
    }

    func pop(_ id: Int) -> PoP? { self.pops.first { $0.id == id } }

    func pop(named name: PoPName) -> PoP? { self.pops.first { $0.name == name } }

    func tunnel(_ number: TunnelNumber) -> Tunnel? { self.tunnels.first { $0.number == number } }

    func prefixes(of popID: Int) -> [RoutedPrefix] { self.prefixes.filter { $0.popID == popID } }

    func tunnelPrefix(of popID: Int) -> IPv6Prefix? {
        self.prefixes.first { $0.popID == popID && $0.kind == .tunnel }?.prefix
    }

    func subnetPrefixes(of popID: Int) -> [IPv6Prefix] {
        self.prefixes.filter { $0.popID == popID && $0.kind == .subnet }.map(\.prefix)
    }

    /// The addresses inside a tunnel; nil when its PoP has no tunnel prefix.
    func innerAddresses(of tunnel: Tunnel) -> InnerAddresses? {
        self.tunnelPrefix(of: tunnel.popID).map { InnerAddresses(tunnelPrefix: $0, tid: tunnel.tid) }
    }
}
