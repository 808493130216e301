internal import Foundation
internal import Wire

/// A PoP as `--json` and the audit show it.
package struct PoPDocument: Encodable, Hashable, Sendable {
    package let id: Int
    package let name: String
    @Exact package private(set) var city: String
    package let country: String
    package let ipv4: String
    package let ipv6: String
    package let sshHost: String
    package let sshPort: Int
    package let sshUser: String
    @Exact package private(set) var sshKeyFile: String

    /// The pinned key's fingerprint; nil before `pop trust`.
    @ExplicitNull package private(set) var hostKeyFingerprint: String?
    package let control: String
    package let tunnelMTU: Int
    package let enabled: Bool
    package let canary: Bool

    /// In seconds.
    package let pollInterval: Int

    package init(_ pop: PoP) {
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
package struct PrefixDocument: Encodable, Hashable, Sendable {
    package let pop: String
    package let kind: String
    package let prefix: String

    package init(_ routed: RoutedPrefix, pop: PoPName) {
        self.pop = pop.description
        self.kind = routed.kind.rawValue
        self.prefix = routed.prefix.description
    }
}

/// A tunnel as `--json` and the audit show it; the password only when it was asked for.
package struct TunnelDocument: Encodable, Hashable, Sendable {
    package let tunnel: String
    package let pop: String
    package let tid: String
    package let type: String
    @ExplicitNull package private(set) var endpoint: String?

    /// Whether the DNS tells where it ends, when it does.
    package let endpointPublished: Bool?
    package let mtu: Int

    /// Its user's name servers, when there are any.
    package let nameServers: [String]?
    package let enabled: Bool
    package let enabledByUser: Bool
    @ExplicitNull package private(set) var owner: String?

    package let passwordSet: Bool

    /// The password itself, for who asked for it alone.
    package private(set) var password: String?

    /// In the audit, when it is another than before.
    private(set) var passwordChanged: Bool?

    /// Whether a router can tell where it ends, when one can.
    package let updateKeySet: Bool?

    /// In the audit, when it is another than before.
    private(set) var updateKeyChanged: Bool?

    /// Whether a client can log in for it alone, when one can.
    package let ticSecretSet: Bool?

    /// In the audit, when it is another than before.
    private(set) var ticSecretChanged: Bool?

    /// Until when the password before this one is good too.
    package let oldPasswordUntil: String?
    package let created: String
    package let changed: String
    package var popAddress: String?
    package var userAddress: String?
    package var popIPv4: String?
    package var subnets: [String]?

    /// What its user runs at home; for who looks at one tunnel.
    package var clientCommand: String?

    init(_ tunnel: Tunnel, pop: PoPName, replacing old: Tunnel? = nil) {
        self.init(tunnel, at: pop.description, replacing: old)
    }

    /// Describes a tunnel at a PoP of which the name is written already.
    ///
    /// - Parameters:
    ///   - tunnel: The tunnel.
    ///   - pop: The PoP's name.
    ///   - old: What it was before, in the audit: which secrets are others is said then.
    init(_ tunnel: Tunnel, at pop: String, replacing old: Tunnel? = nil) {
        let renewed = old?.end.password != nil && old?.end.password != tunnel.end.password
        self.passwordChanged = renewed ? true : nil
        self.updateKeyChanged = old.map { $0.updateKey != tunnel.updateKey } == true ? true : nil
        self.ticSecretChanged = old.map { $0.ticSecret != tunnel.ticSecret } == true ? true : nil
        self.ticSecretSet = tunnel.ticSecret == nil ? nil : true
        self.oldPasswordUntil = tunnel.oldPassword?.end.iso8601
        self.updateKeySet = tunnel.updateKey == nil ? nil : true
        self.nameServers = tunnel.nameServers.isEmpty ? nil : tunnel.nameServers.map(\.description)
        self.endpointPublished = tunnel.publishesEndpoint ? true : nil
        self.tunnel = tunnel.number.description
        self.pop = pop
        self.tid = tunnel.tid.description
        self.type = tunnel.end.type.rawValue
        self.endpoint = tunnel.end.endpoint?.description
        self.mtu = tunnel.mtu
        self.enabled = tunnel.isEnabled
        self.enabledByUser = tunnel.isUserEnabled
        self.owner = tunnel.owner?.description
        self.passwordSet = tunnel.end.password != nil
        self.created = tunnel.created.iso8601
        self.changed = tunnel.changed == tunnel.created ? self.created : tunnel.changed.iso8601
    }

    /// The same with the password, if there is one.
    package func with(password: String?) -> TunnelDocument {
        var document = self
        document.password = password
        return document
    }
}

extension TunnelDocument: JSONDocument {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("changed", self.changed)
            if let clientCommand = self.clientCommand { writer.member("clientCommand", clientCommand) }
            writer.member("created", self.created)
            writer.member("enabled", self.enabled)
            writer.member("enabledByUser", self.enabledByUser)
            writer.member("endpoint", orNull: self.endpoint)
            if let endpointPublished = self.endpointPublished {
                writer.member("endpointPublished", endpointPublished)
            }
            writer.member("mtu", self.mtu)
            if let nameServers = self.nameServers {
                writer.member("nameServers") { $0.array(nameServers) { $0.text($1) } }
            }
            if let oldPasswordUntil = self.oldPasswordUntil {
                writer.member("oldPasswordUntil", oldPasswordUntil)
            }
            writer.member("owner", orNull: self.owner)
            if let password = self.password { writer.member("password", password) }
            if let passwordChanged = self.passwordChanged {
                writer.member("passwordChanged", passwordChanged)
            }
            writer.member("passwordSet", self.passwordSet)
            writer.member("pop", self.pop)
            if let popAddress = self.popAddress { writer.member("popAddress", popAddress) }
            if let popIPv4 = self.popIPv4 { writer.member("popIPv4", popIPv4) }
            if let subnets = self.subnets {
                writer.member("subnets") { $0.array(subnets) { $0.text($1) } }
            }
            self.writeRest(to: &writer)
        }
    }

    /// Writes what comes behind `subnets` in the alphabet.
    private func writeRest(to writer: inout JSONWriter) {
        if let ticSecretChanged = self.ticSecretChanged {
            writer.member("ticSecretChanged", ticSecretChanged)
        }
        if let ticSecretSet = self.ticSecretSet { writer.member("ticSecretSet", ticSecretSet) }
        writer.member("tid", self.tid)
        writer.member("tunnel", self.tunnel)
        writer.member("type", self.type)
        if let updateKeyChanged = self.updateKeyChanged {
            writer.member("updateKeyChanged", updateKeyChanged)
        }
        if let updateKeySet = self.updateKeySet { writer.member("updateKeySet", updateKeySet) }
        if let userAddress = self.userAddress { writer.member("userAddress", userAddress) }
    }
}

/// A subnet as `--json` and the audit show it.
package struct SubnetDocument: Encodable, Hashable, Sendable {
    package let prefix: String
    package let tunnel: String
    package let pop: String

    init(_ subnet: Subnet, pop: PoPName) {
        self.prefix = subnet.prefix.description
        self.tunnel = subnet.tunnel.description
        self.pop = pop.description
    }
}

extension SubnetDocument: JSONDocument {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("pop", self.pop)
            writer.member("prefix", self.prefix)
            writer.member("tunnel", self.tunnel)
        }
    }
}

/// A user as `--json` and the audit show it, never with what is kept of the password.
package struct UserDocument: Encodable, Hashable, Sendable {
    package let handle: String
    @Exact package private(set) var name: String
    @Exact package private(set) var mail: String

    package let passwordSet: Bool

    /// The password itself, when he has to be told.
    package private(set) var password: String?

    /// In the audit, when it is another than before.
    private(set) var passwordChanged: Bool?

    /// What he may do at the pages.
    package let role: String

    /// Whether he can log in there.
    package let webPasswordSet: Bool
    package let suspended: Bool

    /// What the audit tells besides.
    private(set) var note: Note?
    package let created: String
    package let changed: String
    package var tunnels: [String]?

    /// What happened to a user's account, in the audit.
    enum Note: String, Encodable {
        case webPasswordChanged = "web password changed"
        case invitation = "invited"
        case reset = "reset link"
        case loggedOut = "logged out everywhere"
    }

    package init(_ user: User, password: String? = nil, passwordChanged: Bool? = nil) {
        self.init(user, password: password, passwordChanged: passwordChanged, note: nil)
    }

    init(_ user: User, password: String? = nil, passwordChanged: Bool? = nil, note: Note?) {
        self.handle = user.handle.description
        self.name = user.name
        self.mail = user.mail
        self.passwordSet = user.password != nil
        self.password = password
        self.passwordChanged = passwordChanged
        self.role = user.role.rawValue
        self.webPasswordSet = user.webPassword != nil
        self.suspended = user.suspension != nil
        self.note = note
        self.created = user.created.iso8601
        self.changed = user.changed.iso8601
    }
}
