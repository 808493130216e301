internal import Foundation
package import Wire

/// Turns the registry into the configurations of its PoPs.
///
/// Sorts the snapshot by PoP once, so that rendering a fleet takes time in proportion to its size.
package struct ConfigurationRenderer {
    private let revision: Int64
    private let details: [PoPDetails]
    private let prefixes: [Int: [RoutedPrefix]]
    private let tunnels: [Int: [Tunnel]]
    private let subnets: [TunnelNumber: [Subnet]]

    package init(_ snapshot: FleetSnapshot) {
        self.revision = snapshot.revision
        self.details = snapshot.pops.sorted { $0.id < $1.id }.map { pop in
            PoPDetails(id: pop.id, name: pop.name.description, ipv4: pop.ipv4, ipv6: pop.ipv6)
        }
        self.prefixes = Dictionary(grouping: snapshot.prefixes, by: \.popID)
        self.tunnels = Dictionary(grouping: snapshot.tunnels, by: \.popID)
        self.subnets = Dictionary(grouping: snapshot.subnets, by: \.tunnel)
    }

    /// The configuration of one PoP.
    package func configuration(of popID: Int) -> Configuration {
        var settings = PoPSettings()
        settings.id = popID
        settings.pops = self.details
        let prefixes = self.prefixes[popID] ?? []
        settings.tunnelPrefix = prefixes.first { $0.kind == .tunnel }?.prefix
        settings.subnetPrefixes = prefixes.filter { $0.kind == .subnet }.map(\.prefix)
        let tunnels = self.tunnels[popID] ?? []
        return Configuration(
            pop: settings,
            tunnels: tunnels.map(Self.settings),
            subnets: tunnels.flatMap { tunnel in
                (self.subnets[tunnel.number] ?? []).map { SubnetSettings(prefix: $0.prefix, tid: tunnel.tid) }
            }
        )
    }

    /// The text that would be pushed to one PoP.
    ///
    /// - Throws: `Configuration.Conflict` when a daemon would refuse it.
    package func render(_ popID: Int) throws(Configuration.Conflict) -> Rendering {
        let configuration = self.configuration(of: popID)
        try configuration.check()
        return Rendering(popID: popID, text: configuration.canonicalText, revision: self.revision)
    }

    /// The tunnels of a PoP that carry packets, as `T12`.
    func enabledTunnels(of popID: Int) -> Set<String> {
        Set((self.tunnels[popID] ?? []).lazy.filter(\.isUp).map(\.number.description))
    }

    /// All tunnels of a PoP.
    func allTunnels(of popID: Int) -> Set<TunnelNumber> {
        Set((self.tunnels[popID] ?? []).lazy.map(\.number))
    }

    private static func settings(of tunnel: Tunnel) -> TunnelSettings {
        TunnelSettings(
            tid: tunnel.tid,
            number: tunnel.number,
            remote: Self.remote(of: tunnel.end),
            state: tunnel.isUp ? .up : .disabled,
            mtu: tunnel.mtu,
            password: tunnel.end.password?.secret,
            retiredPassword: tunnel.oldPassword.map { old in
                RetiredPassword(old.password.secret, until: Int64(old.end.timeIntervalSince1970))
            }
        )
    }

    private static func remote(of end: TunnelEnd) -> RemoteEnd {
        switch end {
        case .fixed(let address): .fixed(address)
        case .heartbeat: .dynamic(.heartbeat)
        case .ayiya: .dynamic(.ayiya)
        }
    }
}
