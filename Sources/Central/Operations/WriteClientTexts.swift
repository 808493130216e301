package import Wire

/// Finds what the texts for a user's system are made of, of one tunnel.
package struct WriteClientTexts: Sendable {
    package let tunnel: TunnelNumber

    /// Where people find the pages; nil where that was not said.
    package let web: WebURL?

    package init(_ tunnel: TunnelNumber, web: WebURL?) {
        self.tunnel = tunnel
        self.web = web
    }

    /// - Throws: ``RegistryError/notFound(_:)``, ``RegistryError/refused(_:)`` while its PoP has no tunnel prefix.
    package func run(in centre: Centre) async throws -> ClientFacts {
        let snapshot = try await centre.store.registry.snapshot(of: .tunnel(self.tunnel))
        guard let tunnel = snapshot.tunnel(self.tunnel), let pop = snapshot.pop(tunnel.popID) else {
            throw RegistryError.noTunnel(self.tunnel)
        }
        guard let prefix = snapshot.tunnelPrefix(of: pop.id) else {
            throw RegistryError.refused(
                "\(pop.name) has no tunnel prefix, so that \(tunnel.number) has no addresses"
            )
        }
        let inner = InnerAddresses(tunnelPrefix: prefix, tid: tunnel.tid)
        let outer: IPAddress
        var endpoint: IPv4Address?
        switch tunnel.end.endpoint {
        case .ipv6: outer = .ipv6(pop.ipv6)
        case .ipv4(let address):
            outer = .ipv4(pop.ipv4)
            // Whose router tells where it ends moves: no text can name the place.
            endpoint = tunnel.updateKey == nil ? address : nil
        case nil: outer = .ipv4(pop.ipv4)
        }
        return ClientFacts(
            number: tunnel.number,
            handle: tunnel.owner,
            type: tunnel.end.type,
            pop: outer,
            endpoint: endpoint,
            them: inner.pop,
            own: inner.user,
            subnets: snapshot.subnets.filter { $0.tunnel == tunnel.number }.map(\.prefix),
            routed: inner.routedBlock,
            mtu: tunnel.mtu,
            web: self.web?.host ?? "<name of the centre's pages>"
        )
    }
}
