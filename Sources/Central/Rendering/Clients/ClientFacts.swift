package import Wire

/// What the texts for a user's system are made of.
package struct ClientFacts: Hashable, Sendable {
    package var number: TunnelNumber

    /// Whose the tunnel is; nil for nobody's.
    package var handle: UserHandle?
    package var type: TunnelType

    /// The PoP's address outside, of the family that the tunnel goes over.
    package var pop: IPAddress

    /// Where a static tunnel ends; nil where it moves, so that no text names it.
    package var endpoint: IPv4Address?

    /// The PoP's side and the user's, inside.
    package var (them, own): (IPv6Address, IPv6Address)

    /// What is delegated through it.
    package var subnets: [IPv6Prefix]

    /// The /64 that is routed through it whether anything is delegated or not.
    package var routed: IPv6Prefix
    package var mtu: Int

    /// The host of the centre's pages.
    package var web: String

    /// The same without a port, for what takes a name alone.
    var webName: String {
        guard let colon = self.web.lastIndex(of: ":"), self.web.last != "]" else { return self.web }
        return String(self.web[..<colon])
    }

    /// What stands where secrets go that the centre does not have.
    package var updateKey = "<your update key>"
    package var password = "<your password>"

    /// What there are texts for: a tunnel over IPv6 is for our own client alone.
    package var systems: [ClientSystem] {
        ClientSystem.allCases.filter { system in
            guard system.suits(self.type) else { return false }
            guard case .ipv6 = self.pop else { return true }
            return system == .sixxsClient || system == .radvd || system == .dnsmasq
        }
    }

    /// What the LAN is numbered from: the subnet's /64 number 1, else the one that is routed anyway.
    var lan: IPv6Prefix {
        guard let subnet = self.subnets.first else { return self.routed }
        return IPv6Prefix(
            containing: IPv6Address(high: subnet.address.high | 1, low: 0),
            length: 64
        )
    }

    /// The host's own address on the LAN.
    var lanAddress: IPv6Address { IPv6Address(high: self.lan.address.high, low: 1) }

    /// What clients call the user, or who reads it is to put there.
    var user: String { self.handle?.description ?? "<your handle>" }

    /// A line for each subnet.
    func eachSubnet(_ line: (IPv6Prefix) -> String) -> String {
        self.subnets.map { line($0) + "\n" }.joined()
    }
}
