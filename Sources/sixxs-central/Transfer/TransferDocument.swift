internal import Foundation
internal import Wire

/// The registry as one JSON document: what `export` writes and `import` reads.
struct TransferDocument: Codable, Hashable, Sendable {
    static let format = "sixxs-central 1"

    var format = Self.format
    var pops: [PoP] = []
    var prefixes: [Prefix] = []
    var users: [User] = []
    var tunnels: [Tunnel] = []
    var waves: WavePolicy?

    /// Texts are as they are elsewhere; what is missing is not set.
    struct PoP: Codable, Hashable, Sendable {
        let id: Int
        let name: String
        let city: String
        let country: String
        let ipv4: String
        let ipv6: String
        let sshHost: String?
        let sshPort: Int
        let sshUser: String
        let sshKeyFile: String
        let hostKey: String?
        let control: String
        let tunnelMTU: Int
        let enabled: Bool
        let canary: Bool
        let pollInterval: Int
    }

    struct Prefix: Codable, Hashable, Sendable {
        let pop: String
        let kind: String
        let prefix: String
    }

    struct User: Codable, Hashable, Sendable {
        let handle: String
        let name: String
        let mail: String
        let passwordMD5: String?
        let passwordSHA256: String?
    }

    struct Tunnel: Codable, Hashable, Sendable {
        let tunnel: String
        let pop: String
        let tid: String?
        let owner: String?
        let type: String
        let endpoint: String?
        let mtu: Int?
        let enabled: Bool?
        let userEnabled: Bool?
        let password: String?
        let passwordSet: Bool?
        let subnets: [String]?
    }
}

extension TransferDocument {
    /// Takes the registry, or a part of it, without secrets unless they are wanted.
    init(_ snapshot: FleetSnapshot, only pop: PoPName?, secrets: SecretPolicy) {
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name) })
        let owners = Set(snapshot.tunnels.compactMap(\.owner))
        self.waves = pop == nil ? snapshot.waves : nil
        self.pops = snapshot.pops.filter { pop == nil || $0.name == pop }.map(PoP.init)
        self.prefixes = snapshot.prefixes.compactMap { routed in
            names[routed.popID].map {
                Prefix(pop: "\($0)", kind: routed.kind.rawValue, prefix: "\(routed.prefix)")
            }
        }
        self.users = snapshot.users.filter { pop == nil || owners.contains($0.handle) }.map {
            User($0, secrets: secrets)
        }
        let subnets = Dictionary(grouping: snapshot.subnets, by: \.tunnel)
        self.tunnels = snapshot.tunnels.compactMap { tunnel in
            names[tunnel.popID].map { name in
                Tunnel(tunnel, at: name, subnets: subnets[tunnel.number] ?? [], secrets: secrets)
            }
        }
    }

    /// Whether passwords are written.
    enum SecretPolicy: Sendable {
        case hidden
        case written
    }
}

extension TransferDocument.PoP {
    init(_ pop: PoP) {
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

extension TransferDocument.User {
    init(_ user: User, secrets: TransferDocument.SecretPolicy) {
        let hash = secrets == .written ? user.password : nil
        self.init(
            handle: "\(user.handle)",
            name: user.name,
            mail: user.mail,
            passwordMD5: hash?.md5,
            passwordSHA256: hash?.sha256
        )
    }
}

extension TransferDocument.Tunnel {
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
            subnets: subnets.map { "\($0.prefix)" }
        )
    }

    /// The values in the order of ``TransferTunnel/keys``, an empty text for what is not set.
    var fields: [String] {
        [
            self.tunnel, self.pop, self.tid ?? "", self.owner ?? "", self.type, self.endpoint ?? "",
            self.mtu.map(String.init) ?? "", Self.word(self.enabled), Self.word(self.userEnabled),
            self.password ?? "", self.subnets?.joined(separator: " ") ?? "",
        ]
    }

    private static func word(_ truth: Bool?) -> String { truth.map { $0 ? "yes" : "no" } ?? "" }
}

extension TransferDocument {
    /// The tunnels as comma-separated values.
    var csv: String {
        self.tunnels.reduce(into: CSVText.record(TransferTunnel.keys)) { text, tunnel in
            text += CSVText.record(tunnel.fields)
        }
    }
}
