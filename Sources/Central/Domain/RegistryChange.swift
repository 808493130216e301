package import Foundation
package import Wire

/// One thing that an operator or the inventory wants to be different.
package enum RegistryChange: Hashable, Sendable {
    case addPoP(PoP)
    case amendPoP(PoPName, PoPAmendment)
    case renamePoP(PoPName, PoPName)
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

    /// Takes a user's tunnels down and keeps him out of the pages, or takes that back.
    case suspendUser(UserHandle)
    case resumeUser(UserHandle)

    /// Removes a user, his tunnels and their subnets, and his name and mail address from the audit.
    case eraseUser(UserHandle)

    /// Lets a user choose a password for the pages with a link; the one before is good no more.
    case issueLink(AccountLink)

    /// Gives the user of a link a password for the pages; the link is good no more.
    case redeemLink(SecretToken, WebPasswordHash)

    /// Logs a user out everywhere.
    case endSessions(UserHandle)

    /// How changes go out to the fleet.
    case setWaves(WavePolicy)

    /// What a user's router wants; who asks is known where the address is not nil. The claim is looked at in the
    /// transaction that changes the endpoint; nil where nobody has to make one.
    case requestEndpoint(TunnelNumber, IPAddress, from: IPAddress?, with: EndpointClaim? = nil)

    /// Applies the wish of a router that came too soon, if it is time.
    case applyWaitingEndpoint(TunnelNumber)
}

/// What a change made, with the numbers that were allocated.
package enum RegistryResult: Hashable, Sendable {
    case pop(PoP)
    case prefix(RoutedPrefix)
    case tunnel(Tunnel)
    case subnet(Subnet)
    case user(User)
    case waves(WavePolicy)
    case endpoint(EndpointOutcome)
}

/// New values of a PoP; nil leaves a value as it is.
package struct PoPAmendment: Hashable, Sendable {
    package var city: String?
    package var country: String?
    package var ipv4: IPv4Address?
    package var ipv6: IPv6Address?

    /// An empty text goes back to the PoP's IPv4 address.
    package var sshHost: String?
    package var sshPort: Int?
    package var sshUser: String?
    package var sshKeyFile: String?
    package var hostKey: HostKey?
    package var control: Endpoint?
    package var tunnelMTU: Int?
    package var isEnabled: Bool?
    package var isCanary: Bool?
    package var pollInterval: Int?

    package init(
        city: String? = nil,
        country: String? = nil,
        ipv4: IPv4Address? = nil,
        ipv6: IPv6Address? = nil,
        sshHost: String? = nil,
        sshPort: Int? = nil,
        sshUser: String? = nil,
        sshKeyFile: String? = nil,
        hostKey: HostKey? = nil,
        control: Endpoint? = nil,
        tunnelMTU: Int? = nil,
        isEnabled: Bool? = nil,
        isCanary: Bool? = nil,
        pollInterval: Int? = nil
    ) {
        self.city = city
        self.country = country
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.sshHost = sshHost
        self.sshPort = sshPort
        self.sshUser = sshUser
        self.sshKeyFile = sshKeyFile
        self.hostKey = hostKey
        self.control = control
        self.tunnelMTU = tunnelMTU
        self.isEnabled = isEnabled
        self.isCanary = isCanary
        self.pollInterval = pollInterval
    }

    /// Whether it changes anything.
    package var isEmpty: Bool { self == PoPAmendment() }

    package func applied(to pop: PoP) -> PoP {
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
package struct NewTunnel: Hashable, Sendable {
    /// The highest number that a tunnel may bring along.
    static let highestNumber: UInt32 = 999_999_999

    package var pop: PoPName
    package var end: TunnelEnd

    /// The inner MTU, in octets; nil takes the PoP's.
    package var mtu: Int?

    /// The place in the PoP's tunnel prefix; nil takes the lowest free one.
    package var tid: TID?
    package var isEnabled = true
    package var isUserEnabled = true
    package var owner: UserHandle?

    /// The number it had in another registry; nil takes the one after the highest ever given.
    package var number: TunnelNumber?
    package var nameServers: [DomainName] = []
    package var publishesEndpoint = false

    package init(
        pop: PoPName,
        end: TunnelEnd,
        mtu: Int? = nil,
        tid: TID? = nil,
        isEnabled: Bool = true,
        isUserEnabled: Bool = true,
        owner: UserHandle? = nil,
        number: TunnelNumber? = nil
    ) {
        self.pop = pop
        self.end = end
        self.mtu = mtu
        self.tid = tid
        self.isEnabled = isEnabled
        self.isUserEnabled = isUserEnabled
        self.owner = owner
        self.number = number
    }
}

/// New values of a tunnel; nil leaves a value as it is.
package struct TunnelAmendment: Hashable, Sendable {
    package var type: TunnelType?
    package var endpoint: IPAddress?
    package var password: Password?
    package var mtu: Int?
    package var isEnabled: Bool?
    package var isUserEnabled: Bool?
    package var owner: Owner?

    /// What becomes of the password that another replaces.
    package var oldPassword: OldPasswordFate?

    /// All name servers of its user from now on; an empty list for none.
    package var nameServers: [DomainName]?
    package var publishesEndpoint: Bool?
    package var updateKey: KeyFate?
    package var ticSecret: SecretFate?

    package init(
        type: TunnelType? = nil,
        endpoint: IPAddress? = nil,
        password: Password? = nil,
        mtu: Int? = nil,
        isEnabled: Bool? = nil,
        isUserEnabled: Bool? = nil,
        owner: Owner? = nil,
        oldPassword: OldPasswordFate? = nil,
        nameServers: [DomainName]? = nil,
        publishesEndpoint: Bool? = nil,
        updateKey: KeyFate? = nil,
        ticSecret: SecretFate? = nil
    ) {
        self.updateKey = updateKey
        self.ticSecret = ticSecret
        self.oldPassword = oldPassword
        self.nameServers = nameServers
        self.publishesEndpoint = publishesEndpoint
        self.type = type
        self.endpoint = endpoint
        self.password = password
        self.mtu = mtu
        self.isEnabled = isEnabled
        self.isUserEnabled = isUserEnabled
        self.owner = owner
    }

    /// What becomes of an old password; without a word about it, it is good no more once there is a new one.
    package enum OldPasswordFate: Hashable, Sendable {
        /// The one that is replaced is good until a time.
        case kept(until: Date)
        /// One that was kept is good no more.
        case ended
    }

    /// What becomes of the key with which a router tells where a tunnel ends.
    package enum KeyFate: Hashable, Sendable {
        case key(UpdateKey)
        case revoked
    }

    /// What becomes of the secret with which a client logs in for one tunnel.
    package enum SecretFate: Hashable, Sendable {
        case secret(PasswordHash)
        case revoked
    }

    /// Whose a tunnel becomes.
    package enum Owner: Hashable, Sendable {
        case user(UserHandle)
        case nobody
    }

    package var isEmpty: Bool { self == TunnelAmendment() }

    /// Whether it changes what the tunnel's PoP is told.
    package var concernsPoP: Bool {
        var rest = self
        (rest.owner, rest.nameServers, rest.publishesEndpoint) = (nil, nil, nil)
        (rest.updateKey, rest.ticSecret) = (nil, nil)
        return !rest.isEmpty
    }

    /// - Throws: ``RegistryError`` when the values do not fit together.
    package func applied(to tunnel: Tunnel) throws(RegistryError) -> Tunnel {
        let old = tunnel
        var tunnel = tunnel
        tunnel.end = try self.end(of: tunnel)
        tunnel.oldPassword = try self.oldPassword(of: old, replacedIn: tunnel.end)
        tunnel.mtu = self.mtu ?? tunnel.mtu
        tunnel.isEnabled = self.isEnabled ?? tunnel.isEnabled
        tunnel.isUserEnabled = self.isUserEnabled ?? tunnel.isUserEnabled
        switch self.owner {
        case .user(let handle): tunnel.owner = handle
        case .nobody: tunnel.owner = nil
        case nil: break
        }
        if tunnel.owner != old.owner {
            // Whoever had the tunnel knows the key, and a handle is no secret.
            tunnel.updateKey = nil
            tunnel.ticSecret = nil
            // Where a home is, and whose servers are asked, is for its user alone to say.
            tunnel.publishesEndpoint = false
            tunnel.nameServers = []
        }
        switch self.updateKey {
        case .key(let key):
            try Self.demandOwner(of: tunnel)
            tunnel.updateKey = key
        case .revoked: tunnel.updateKey = nil
        case nil: break
        }
        tunnel.ticSecret = try self.ticSecret(of: tunnel)
        tunnel.nameServers = self.nameServers ?? tunnel.nameServers
        tunnel.publishesEndpoint = self.publishesEndpoint ?? tunnel.publishesEndpoint
        return tunnel
    }

    private func ticSecret(of tunnel: Tunnel) throws(RegistryError) -> PasswordHash? {
        switch self.ticSecret {
        case .secret(let secret):
            guard tunnel.owner != nil else { throw Self.noOwner(of: tunnel, "client", "secret") }
            return secret
        case .revoked: return nil
        case nil: return tunnel.ticSecret
        }
    }

    private static func noOwner(of tunnel: Tunnel, _ who: String, _ what: String) -> RegistryError {
        .refused(
            "\(tunnel.number) has no owner, whose handle a \(who) sends with the \(what): "
                + "sixxs-central tunnel set \(tunnel.number) --owner HANDLE"
        )
    }

    private static func demandOwner(of tunnel: Tunnel) throws(RegistryError) {
        guard tunnel.end.endpoint != nil else {
            throw .refused(
                "\(tunnel.number) is \(tunnel.end.type.rawValue): its endpoint comes from its packets, so that it needs no key"
            )
        }
        guard tunnel.owner != nil else {
            throw Self.noOwner(of: tunnel, "router", "key")
        }
    }

    private func oldPassword(of old: Tunnel, replacedIn end: TunnelEnd) throws(RegistryError) -> OldPassword?
    {
        guard end.type != .static else { return nil }
        let isReplaced = old.end.password != nil && old.end.password != end.password
        switch self.oldPassword {
        case .kept(let time):
            guard isReplaced, let password = old.end.password else {
                throw .refused("\(old.number) gets no new password, so that there is no old one to keep")
            }
            return OldPassword(password, until: time)
        case .ended: return nil
        case nil: return isReplaced ? nil : old.oldPassword
        }
    }

    private func end(of tunnel: Tunnel) throws(RegistryError) -> TunnelEnd {
        let type = self.type ?? tunnel.end.type
        if type == .static {
            guard self.password == nil else {
                throw .refused("\(tunnel.number) is static: it has an endpoint and no password")
            }
            guard let endpoint = self.endpoint ?? tunnel.end.endpoint else {
                throw .refused("\(tunnel.number) becomes static: give its endpoint with --endpoint")
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
