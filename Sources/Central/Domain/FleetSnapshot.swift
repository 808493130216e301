package import Wire

/// The registry, or a part of it, as it stood at one instant.
package struct FleetSnapshot: Hashable, Sendable {
    /// How many changes the registry had seen; two snapshots of equal revision and scope are equal.
    package let revision: Int64

    /// All PoPs, whatever the scope, by name.
    package let pops: [PoP]

    /// By address.
    package let prefixes: [RoutedPrefix]

    /// By PoP and tid.
    package let tunnels: [Tunnel]

    /// By address.
    package let subnets: [Subnet]

    /// By handle; only in the scopes ``Scope/fleet`` and ``Scope/users``.
    package var users: [User] = []

    /// How changes go out to the PoPs.
    package var waves = WavePolicy()

    /// What PoPs were called before, the newest last.
    package var formerNames: [FormerName] = []

    /// What a snapshot covers besides the PoPs.
    package enum Scope: Hashable, Sendable {
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

    package func pop(_ id: Int) -> PoP? { self.pops.first { $0.id == id } }

    package func pop(named name: PoPName) -> PoP? { self.pops.first { $0.name == name } }

    package func tunnel(_ number: TunnelNumber) -> Tunnel? { self.tunnels.first { $0.number == number } }

    package func prefixes(of popID: Int) -> [RoutedPrefix] { self.prefixes.filter { $0.popID == popID } }

    package func tunnelPrefix(of popID: Int) -> IPv6Prefix? {
        self.prefixes.first { $0.popID == popID && $0.kind == .tunnel }?.prefix
    }

    package func subnetPrefixes(of popID: Int) -> [IPv6Prefix] {
        self.prefixes.filter { $0.popID == popID && $0.kind == .subnet }.map(\.prefix)
    }
}
