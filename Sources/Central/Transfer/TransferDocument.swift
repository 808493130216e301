internal import Foundation
internal import Wire

/// The registry as one JSON document: what `export` writes and `import` reads.
package struct TransferDocument: Codable, Hashable, Sendable {
    package static let format = "sixxs-central 1"

    package var format = Self.format
    package var pops: [PoPItem] = []
    package var prefixes: [PrefixItem] = []
    package var users: [UserItem] = []
    package var tunnels: [TunnelItem] = []
    package var waves: WavePolicy?

    /// Texts are as they are elsewhere; what is missing is not set.
    package struct PoPItem: Codable, Hashable, Sendable {
        package let id: Int
        package let name: String
        package let city: String
        package let country: String
        package let ipv4: String
        package let ipv6: String
        package let sshHost: String?
        package let sshPort: Int
        package let sshUser: String
        package let sshKeyFile: String
        package let hostKey: String?
        package let control: String
        package let tunnelMTU: Int
        package let enabled: Bool
        package let canary: Bool
        package let pollInterval: Int
    }

    package struct PrefixItem: Codable, Hashable, Sendable {
        package let pop: String
        package let kind: String
        package let prefix: String
    }

    package struct UserItem: Codable, Hashable, Sendable {
        package let handle: String
        package let name: String
        package let mail: String
        let passwordMD5: String?
        let passwordSHA256: String?
        let role: String?
        let webPassword: String?

        /// The tunnels that are enabled again when he is suspended no more; missing for a user who is not suspended.
        let suspendedTunnels: [String]?
    }

    package struct TunnelItem: Codable, Hashable, Sendable {
        package let tunnel: String
        package let pop: String
        package let tid: String?
        package let owner: String?
        package let type: String
        package let endpoint: String?
        package let mtu: Int?
        package let enabled: Bool?
        let userEnabled: Bool?
        package let password: String?
        package let passwordSet: Bool?
        package let subnets: [String]?
        let nameServers: [String]?
        let publishEndpoint: Bool?
    }
}

extension TransferDocument {
    /// Takes the registry, or a part of it, without secrets unless they are wanted.
    package init(_ snapshot: FleetSnapshot, only pop: PoPName?, secrets: SecretPolicy) {
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name) })
        let owners = Set(snapshot.tunnels.compactMap(\.owner))
        self.waves = pop == nil ? snapshot.waves : nil
        self.pops = snapshot.pops.filter { pop == nil || $0.name == pop }.map(PoPItem.init)
        self.prefixes = snapshot.prefixes.compactMap { routed in
            names[routed.popID].map {
                PrefixItem(pop: "\($0)", kind: routed.kind.rawValue, prefix: "\(routed.prefix)")
            }
        }
        self.users = snapshot.users.filter { pop == nil || owners.contains($0.handle) }.map {
            UserItem($0, secrets: secrets)
        }
        let subnets = Dictionary(grouping: snapshot.subnets, by: \.tunnel)
        self.tunnels = snapshot.tunnels.compactMap { tunnel in
            names[tunnel.popID].map { name in
                TunnelItem(tunnel, at: name, subnets: subnets[tunnel.number] ?? [], secrets: secrets)
            }
        }
    }

    /// Whether passwords are written.
    package enum SecretPolicy: Sendable {
        case hidden
        case written
    }
}

extension TransferDocument.PoPItem {
    package init(_ pop: PoP) {
        self.init(
            id: pop.id,
            name: "\(pop.name)",
            city: pop.city,
            country: pop.country,
            ipv4: "\(pop.ipv4)",
            ipv6: "\(pop.ipv6)",
            sshHost: pop.ssh.host,
            sshPort: pop.ssh.port,
            sshUser: pop.ssh.user,
            sshKeyFile: pop.ssh.keyFile,
            hostKey: pop.hostKey?.description,
            control: "\(pop.control)",
            tunnelMTU: pop.tunnelMTU,
            enabled: pop.isEnabled,
            canary: pop.isCanary,
            pollInterval: pop.pollInterval
        )
    }
}

extension TransferDocument.UserItem {
    init(_ user: User, secrets: TransferDocument.SecretPolicy) {
        let hash = secrets == .written ? user.password : nil
        self.init(
            handle: "\(user.handle)",
            name: user.name,
            mail: user.mail,
            passwordMD5: hash?.md5,
            passwordSHA256: hash?.sha256,
            role: user.role == .user ? nil : user.role.rawValue,
            webPassword: secrets == .written ? user.webPassword?.text : nil,
            suspendedTunnels: user.suspension.map { $0.map(\.description) }
        )
    }
}

extension TransferDocument.TunnelItem {
    init(_ tunnel: Tunnel, at pop: PoPName, subnets: [Subnet], secrets: TransferDocument.SecretPolicy) {
        self.init(
            tunnel: "\(tunnel.number)",
            pop: "\(pop)",
            tid: "\(tunnel.tid)",
            owner: tunnel.owner?.description,
            type: tunnel.end.type.rawValue,
            endpoint: tunnel.end.endpoint?.description,
            mtu: tunnel.mtu,
            enabled: tunnel.isEnabled,
            userEnabled: tunnel.isUserEnabled,
            password: secrets == .written ? tunnel.end.password?.text : nil,
            passwordSet: tunnel.end.password != nil,
            subnets: subnets.map { "\($0.prefix)" },
            nameServers: tunnel.nameServers.isEmpty ? nil : tunnel.nameServers.map(\.description),
            publishEndpoint: tunnel.publishesEndpoint ? true : nil
        )
    }

    /// The values in the order of ``TransferTunnel/keys``, an empty text for what is not set.
    package var fields: [String] {
        [
            self.tunnel, self.pop, self.tid ?? "", self.owner ?? "", self.type, self.endpoint ?? "",
            self.mtu.map(String.init) ?? "", Self.word(self.enabled), Self.word(self.userEnabled),
            self.password ?? "", self.subnets?.joined(separator: " ") ?? "",
            self.nameServers?.joined(separator: " ") ?? "", Self.word(self.publishEndpoint),
        ]
    }

    private static func word(_ truth: Bool?) -> String { truth.map { $0 ? "yes" : "no" } ?? "" }
}

extension TransferDocument {
    /// The tunnels as comma-separated values.
    package var csv: String {
        self.tunnels.reduce(into: CSVText.record(TransferTunnel.keys)) { text, tunnel in
            text += CSVText.record(tunnel.fields)
        }
    }
}
