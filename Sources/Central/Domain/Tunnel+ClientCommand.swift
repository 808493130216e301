internal import Wire

extension FleetSnapshot {
    /// What the user of a tunnel runs at home; nil while its PoP has no tunnel prefix.
    func clientCommand(of tunnel: Tunnel) -> String? {
        guard let pop = self.pop(tunnel.popID), let prefix = self.tunnelPrefix(of: tunnel.popID) else {
            return nil
        }
        let inner = InnerAddresses(tunnelPrefix: prefix, tid: tunnel.tid)
        return tunnel.clientCommand(at: pop, identity: inner.user)
    }
}

extension Tunnel {
    /// The very command that sets up the user's end: type, addresses and MTU as the registry has them.
    fileprivate func clientCommand(at pop: PoP, identity: IPv6Address) -> String {
        let (type, password) =
            switch self.end {
            case .fixed: ("6in4", "")
            case .heartbeat: ("heartbeat", " --password-file FILE")
            case .ayiya: ("ayiya", " --password-file FILE")
            }
        // Its packets go the way that the endpoint is reached.
        let outer =
            if case .ipv6 = self.end.endpoint { "\(pop.ipv6)" } else { "\(pop.ipv4)" }
        return "sixxs-client \(type) --pop \(outer) --identity \(identity) --mtu \(self.mtu)\(password)"
    }
}
