internal import Wire

/// One thing that an operator or the inventory wants to be different.
enum RegistryChange: Hashable, Sendable {
    case addPoP(PoP)
    case amendPoP(PoPName, PoPAmendment)
    case removePoP(PoPName)
    case addPrefix(IPv6Prefix, PrefixKind, PoPName)
    case removePrefix(IPv6Prefix)
    case addTunnel(NewTunnel)
    case amendTunnel(TunnelNumber, TunnelAmendment)
    case removeTunnel(TunnelNumber)

    /// Gives a tunnel a place at another PoP: the tid that is named, or the lowest free one.
    case moveTunnel(TunnelNumber, PoPName, TID?)

    /// Delegates a prefix, or the lowest free one when none is named.
    case addSubnet(IPv6Prefix?, TunnelNumber)
    case removeSubnet(IPv6Prefix)
    case addUser(UserHandle, UserAmendment)
    case amendUser(UserHandle, UserAmendment)
    case removeUser(UserHandle)

    /// How changes go out to the fleet.
    case setWaves(WavePolicy)
}

/// What a change made, with the numbers that were allocated.
enum RegistryResult: Hashable, Sendable {
    case pop(PoP)
    case prefix(RoutedPrefix)
    case tunnel(Tunnel)
    case subnet(Subnet)
    case user(User)
    case waves(WavePolicy)
}

/// New values of a PoP; nil leaves a value as it is.
struct PoPAmendment: Hashable, Sendable {
    var city: String?
    var country: String?
    var ipv4: IPv4Address?
    var ipv6: IPv6Address?

    /// An empty text goes back to the PoP's IPv4 address.
    var sshHost: String?
    var sshPort: Int?
    var sshUser: String?
    var sshKeyFile: String?
    var hostKey: HostKey?
    var control: Endpoint?
    var tunnelMTU: Int?
    var isEnabled: Bool?
    var isCanary: Bool?
    var pollInterval: Int?

    /// Whether it changes anything.
    var isEmpty: Bool { self == PoPAmendment() }

    func applied(to pop: PoP) -> PoP {
        var pop = pop
        pop.city = self.city ?? pop.city
        pop.country = self.country ?? pop.country
        pop.ipv4 = self.ipv4 ?? pop.ipv4
        pop.ipv6 = self.ipv6 ?? pop.ipv6
        if let host = self.sshHost { pop.ssh.host = host.isEmpty ? nil : host }
        pop.ssh.port = self.sshPort ?? pop.ssh.port
        pop.ssh.user = self.sshUser ?? pop.ssh.user
        pop.ssh.keyFile = self.sshKeyFile ?? pop.ssh.keyFile
        pop.hostKey = self.hostKey ?? pop.hostKey
        pop.control = self.control ?? pop.control
        pop.tunnelMTU = self.tunnelMTU ?? pop.tunnelMTU
        pop.isEnabled = self.isEnabled ?? pop.isEnabled
        pop.isCanary = self.isCanary ?? pop.isCanary
        pop.pollInterval = self.pollInterval ?? pop.pollInterval
        return pop
    }
}

/// A tunnel that does not exist yet.
struct NewTunnel: Hashable, Sendable {
    var pop: PoPName
    var end: TunnelEnd

    /// The inner MTU, in octets; nil takes the PoP's.
    var mtu: Int?

    /// The place in the PoP's tunnel prefix; nil takes the lowest free one.
    var tid: TID?
    var isEnabled = true
    var isUserEnabled = true
    var owner: UserHandle?

    /// The number it had in another registry; nil takes the one after the highest ever given.
    var number: TunnelNumber?
}

/// New values of a tunnel; nil leaves a value as it is.
struct TunnelAmendment: Hashable, Sendable {
    var type: TunnelType?
    var endpoint: IPAddress?
    var password: Password?
    var mtu: Int?
    var isEnabled: Bool?
    var isUserEnabled: Bool?
    var owner: Owner?

    /// Whose a tunnel becomes.
    enum Owner: Hashable, Sendable {
        case user(UserHandle)
        case nobody
    }

    var isEmpty: Bool { self == TunnelAmendment() }

    /// - Throws: ``RegistryError`` when the values do not fit together.
    func applied(to tunnel: Tunnel) throws(RegistryError) -> Tunnel {
        var tunnel = tunnel
        tunnel.end = try self.end(of: tunnel)
        tunnel.mtu = self.mtu ?? tunnel.mtu
        tunnel.isEnabled = self.isEnabled ?? tunnel.isEnabled
        tunnel.isUserEnabled = self.isUserEnabled ?? tunnel.isUserEnabled
        switch self.owner {
        case .user(let handle): tunnel.owner = handle
        case .nobody: tunnel.owner = nil
        case nil: break
        }
        return tunnel
    }

    private func end(of tunnel: Tunnel) throws(RegistryError) -> TunnelEnd {
        let type = self.type ?? tunnel.end.type
        if type == .static {
            guard self.password == nil else {
                throw .refused("\(tunnel.number) is static: it has an endpoint and no password")
            }
            guard let endpoint = self.endpoint ?? tunnel.end.endpoint else {
                throw .refused("\(tunnel.number) becomes static: say its endpoint with --endpoint")
            }
            return .fixed(endpoint)
        }
        guard self.endpoint == nil else {
            throw .refused(
                "\(tunnel.number) is \(type.rawValue): its endpoint comes from its packets, not from --endpoint"
            )
        }
        let password = self.password ?? tunnel.end.password ?? .random()
        return type == .ayiya ? .ayiya(password) : .heartbeat(password)
    }
}
