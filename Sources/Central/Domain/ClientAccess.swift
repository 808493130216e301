package import Wire

/// What a client that has logged in may know: its tunnels, and the PoPs.
package struct ClientAccess: Hashable, Sendable {
    package let account: ClientAccount

    /// By number.
    package let tunnels: [ClientTunnel]

    /// By name.
    package let pops: [PoP]

    package init(account: ClientAccount, tunnels: [ClientTunnel], pops: [PoP]) {
        self.account = account
        self.tunnels = tunnels
        self.pops = pops
    }
}

/// What a client needs to set up its end of a tunnel.
package struct ClientTunnel: Hashable, Sendable {
    package let number: TunnelNumber
    package let pop: PoPName
    package let end: TunnelEnd

    /// The inner address of the PoP.
    package let popAddress: IPv6Address

    /// The inner address of the user.
    package let userAddress: IPv6Address

    /// Where the PoP is outside: of the family of the endpoint, where there is a fixed one.
    package let outerPoP: IPAddress

    /// In octets.
    package let mtu: Int

    /// Whether the operators let it carry packets.
    package let isEnabled: Bool

    /// Whether its owner lets it carry packets.
    package let isUserEnabled: Bool
}

extension FleetSnapshot {
    /// What a client with an account may know of it.
    package func access(of account: ClientAccount) -> ClientAccess {
        let tunnels = self.tunnels.filter { tunnel in
            tunnel.owner == account.handle && account.tunnel.map { $0 == tunnel.number } != false
        }
        return ClientAccess(
            account: account,
            tunnels: tunnels.compactMap(self.clientTunnel).sorted { $0.number < $1.number },
            pops: self.pops
        )
    }

    /// What a client may send at a time over a path of 1500 octets: what is longer becomes fragments, which many networks lose.
    private static func longest(_ type: TunnelType, toward pop: IPAddress) -> Int {
        let encapsulation: Encapsulation = if case .ayiya = type { .ayiya } else { .sixInFour }
        return 1500 - encapsulation.overhead(toward: pop)
    }

    /// Nil while the PoP has no tunnel prefix.
    private func clientTunnel(_ tunnel: Tunnel) -> ClientTunnel? {
        guard let pop = self.pop(tunnel.popID), let prefix = self.tunnelPrefix(of: tunnel.popID) else {
            return nil
        }
        let inner = InnerAddresses(tunnelPrefix: prefix, tid: tunnel.tid)
        let isOverIPv6 = if case .ipv6 = tunnel.end.endpoint { true } else { false }
        let outerPoP: IPAddress = isOverIPv6 ? .ipv6(pop.ipv6) : .ipv4(pop.ipv4)
        return ClientTunnel(
            number: tunnel.number,
            pop: pop.name,
            end: tunnel.end,
            popAddress: inner.pop,
            userAddress: inner.user,
            outerPoP: outerPoP,
            mtu: min(tunnel.mtu, Self.longest(tunnel.end.type, toward: outerPoP)),
            isEnabled: tunnel.isEnabled,
            isUserEnabled: tunnel.isUserEnabled
        )
    }
}
