internal import Wire

extension FleetSnapshot {
    /// All tunnels of the snapshot as `--json` shows them, with addresses and subnets.
    package func tunnelDocuments() -> [TunnelDocument] {
        // A list has tens of thousands: what PoPs are called is written once.
        let pops = Dictionary(
            uniqueKeysWithValues: self.pops.map {
                ($0.id, (name: $0.name.description, ipv4: $0.ipv4.description))
            }
        )
        let prefixes = Dictionary(
            uniqueKeysWithValues: self.prefixes.filter { $0.kind == .tunnel }.map { ($0.popID, $0.prefix) }
        )
        let subnets = Dictionary(grouping: self.subnets, by: \.tunnel)
        return self.tunnels.compactMap { tunnel in
            guard let pop = pops[tunnel.popID] else { return nil }
            var document = TunnelDocument(tunnel, at: pop.name)
            let inner = prefixes[tunnel.popID].map { InnerAddresses(tunnelPrefix: $0, tid: tunnel.tid) }
            document.popAddress = inner?.pop.description
            document.userAddress = inner?.user.description
            document.popIPv4 = pop.ipv4
            document.subnets = subnets[tunnel.number]?.map { $0.prefix.description } ?? []
            return document
        }
    }

    /// All subnets of the snapshot as `--json` shows them.
    package func subnetDocuments() -> [SubnetDocument] {
        let pops = Dictionary(uniqueKeysWithValues: self.pops.map { ($0.id, $0.name) })
        let tunnels = Dictionary(uniqueKeysWithValues: self.tunnels.map { ($0.number, $0.popID) })
        return self.subnets.compactMap { subnet in
            tunnels[subnet.tunnel].flatMap { pops[$0] }.map { SubnetDocument(subnet, pop: $0) }
        }
    }
}
