internal import Foundation
internal import Wire

/// A PoP as `--json` and the audit show it.
struct PoPDocument: Encodable, Hashable, Sendable {
    let id: Int
    let name: String
    @Exact private(set) var city: String
    let country: String
    let ipv4: String
    let ipv6: String
    let sshHost: String
    let sshPort: Int
    let sshUser: String
    @Exact private(set) var sshKeyFile: String

    /// The pinned key's fingerprint; nil before `pop trust`.
    @ExplicitNull private(set) var hostKeyFingerprint: String?
    let control: String
    let tunnelMTU: Int
    let enabled: Bool
    let canary: Bool

    /// In seconds.
    let pollInterval: Int

    init(_ pop: PoP) {
        self.id = pop.id
        self.name = pop.name.description
        self.city = pop.city
        self.country = pop.country
        self.ipv4 = pop.ipv4.description
        self.ipv6 = pop.ipv6.description
        self.sshHost = pop.sshHost
        self.sshPort = pop.ssh.port
        self.sshUser = pop.ssh.user
        self.sshKeyFile = pop.ssh.keyFile
        self.hostKeyFingerprint = pop.hostKey?.fingerprint
        self.control = pop.control.description
        self.tunnelMTU = pop.tunnelMTU
        self.enabled = pop.isEnabled
        self.canary = pop.isCanary
        self.pollInterval = pop.pollInterval
    }
}

/// A prefix as `--json` and the audit show it.
struct PrefixDocument: Encodable, Hashable, Sendable {
    let pop: String
    let kind: String
    let prefix: String

    init(_ routed: RoutedPrefix, pop: PoPName) {
        self.pop = pop.description
        self.kind = routed.kind.rawValue
        self.prefix = routed.prefix.description
    }
}

/// A tunnel as `--json` and the audit show it; the password only when it was asked for.
struct TunnelDocument: Encodable, Hashable, Sendable {
    let tunnel: String
    let pop: String
    let tid: String
    let type: String
    @ExplicitNull private(set) var endpoint: String?
    let mtu: Int
    let enabled: Bool
    let enabledByUser: Bool
    @ExplicitNull private(set) var owner: String?

    let passwordSet: Bool

    /// The password itself, for who asked for it alone.
    private(set) var password: String?

    /// In the audit, when it is another than before.
    private(set) var passwordChanged: Bool?
    let created: String
    let changed: String
    var popAddress: String?
    var userAddress: String?
    var popIPv4: String?
    var subnets: [String]?

    init(_ tunnel: Tunnel, pop: PoPName, passwordChanged: Bool? = nil) {
        self.tunnel = tunnel.number.description
        self.pop = pop.description
        self.tid = tunnel.tid.description
        self.type = tunnel.end.type.rawValue
        self.endpoint = tunnel.end.endpoint?.description
        self.mtu = tunnel.mtu
        self.enabled = tunnel.isEnabled
        self.enabledByUser = tunnel.isUserEnabled
        self.owner = tunnel.owner?.description
        self.passwordSet = tunnel.end.password != nil
        self.passwordChanged = passwordChanged
        self.created = tunnel.created.iso8601
        self.changed = tunnel.changed.iso8601
    }

    /// The same with the password, if there is one.
    func with(password: String?) -> TunnelDocument {
        var document = self
        document.password = password
        return document
    }
}

/// A subnet as `--json` and the audit show it.
struct SubnetDocument: Encodable, Hashable, Sendable {
    let prefix: String
    let tunnel: String
    let pop: String

    init(_ subnet: Subnet, pop: PoPName) {
        self.prefix = subnet.prefix.description
        self.tunnel = subnet.tunnel.description
        self.pop = pop.description
    }
}

/// A user as `--json` and the audit show it, never with what is kept of the password.
struct UserDocument: Encodable, Hashable, Sendable {
    let handle: String
    @Exact private(set) var name: String
    @Exact private(set) var mail: String

    let passwordSet: Bool

    /// The password itself, when he has to be told.
    private(set) var password: String?

    /// In the audit, when it is another than before.
    private(set) var passwordChanged: Bool?
    let created: String
    let changed: String
    var tunnels: [String]?

    init(_ user: User, password: String? = nil, passwordChanged: Bool? = nil) {
        self.handle = user.handle.description
        self.name = user.name
        self.mail = user.mail
        self.passwordSet = user.password != nil
        self.password = password
        self.passwordChanged = passwordChanged
        self.created = user.created.iso8601
        self.changed = user.changed.iso8601
    }
}
