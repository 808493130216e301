internal import GRDB
internal import Wire

/// A row of `pop`.
struct PoPRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "pop"

    let pop: PoP

    init(_ pop: PoP) { self.pop = pop }

    init(row: Row) throws {
        let hostKey: String? = row["hostKey"]
        self.pop = PoP(
            id: row["id"],
            name: try row.parsed("name") { try PoPName(parsing: $0) },
            city: row["city"],
            country: row["country"],
            ipv4: try row.parsed("ipv4") { try IPv4Address(parsing: $0) },
            ipv6: try row.parsed("ipv6") { try IPv6Address(parsing: $0) },
            ssh: SSHAccount(
                host: row["sshHost"],
                port: row["sshPort"],
                user: row["sshUser"],
                keyFile: row["sshKeyFile"]
            ),
            hostKey: hostKey == nil ? nil : try row.parsed("hostKey") { try HostKey(parsing: $0) },
            control: try row.parsed("control") { try Endpoint(parsing: $0) },
            tunnelMTU: row["tunnelMTU"],
            isEnabled: row["enabled"],
            isCanary: row["canary"],
            pollInterval: row["pollSeconds"]
        )
    }

    func encode(to container: inout PersistenceContainer) {
        container["id"] = self.pop.id
        container["name"] = self.pop.name.description
        container["city"] = self.pop.city
        container["country"] = self.pop.country
        container["ipv4"] = self.pop.ipv4.description
        container["ipv6"] = self.pop.ipv6.description
        container["sshHost"] = self.pop.ssh.host
        container["sshPort"] = self.pop.ssh.port
        container["sshUser"] = self.pop.ssh.user
        container["sshKeyFile"] = self.pop.ssh.keyFile
        container["hostKey"] = self.pop.hostKey?.description
        container["control"] = self.pop.control.description
        container["tunnelMTU"] = self.pop.tunnelMTU
        container["enabled"] = self.pop.isEnabled
        container["canary"] = self.pop.isCanary
        container["pollSeconds"] = self.pop.pollInterval
    }
}
