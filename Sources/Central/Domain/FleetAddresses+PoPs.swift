internal import Wire

extension FleetAddresses {
    /// Collects both addresses of each PoP.
    init(of pops: [PoP], prefixes: [IPv6Prefix]) {
        let addresses = pops.flatMap { pop in
            [IPAddress.ipv4(pop.ipv4), .ipv6(pop.ipv6)].map { (name: pop.name.description, address: $0) }
        }
        self.init(pops: addresses, prefixes: prefixes)
    }
}
