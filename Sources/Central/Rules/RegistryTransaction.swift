internal import Foundation
internal import GRDB
internal import Wire

/// Changes inside one write transaction, each with its audit entry.
///
/// The schema decides what is allowed; the checks here only say more plainly what is in the way.
struct RegistryTransaction {
    let database: Database
    let author: String
    let time: Date
    let memory = TransactionMemory()

    func make(_ change: RegistryChange) throws -> RegistryResult {
        switch change {
        case .addTunnel, .addSubnet, .addUser: break
        default: self.memory.forget()
        }
        return switch change {
        case .addPoP(let pop): .pop(try self.pops.add(pop))
        case .amendPoP(let name, let amendment): .pop(try self.pops.amend(name, amendment))
        case .removePoP(let name): .pop(try self.pops.remove(name))
        case .addPrefix(let prefix, let kind, let name):
            .prefix(try self.prefixes.add(prefix, kind, to: name))
        case .removePrefix(let prefix): .prefix(try self.prefixes.remove(prefix))
        case .addTunnel(let tunnel): .tunnel(try self.tunnels.add(tunnel))
        case .amendTunnel(let number, let amendment): .tunnel(try self.tunnels.amend(number, amendment))
        case .removeTunnel(let number): .tunnel(try self.tunnels.remove(number))
        case .moveTunnel(let number, let name, let tid): .tunnel(try self.tunnels.move(number, to: name, tid))
        case .addSubnet(let prefix, let number): .subnet(try self.subnets.addSubnet(prefix, to: number))
        case .removeSubnet(let prefix): .subnet(try self.subnets.removeSubnet(prefix))
        case .addUser(let handle, let values): .user(try self.users.addUser(handle, values))
        case .amendUser(let handle, let amendment): .user(try self.users.amendUser(handle, amendment))
        case .removeUser(let handle): .user(try self.users.removeUser(handle))
        case .setWaves(let policy): .waves(try self.set(policy))
        }
    }

    /// Whose configuration a change concerns.
    enum Concern {
        /// One PoP's.
        case pop(Int)

        /// All PoPs', since each knows all others.
        case allPoPs
        case noPoP

        /// What stands in the audit.
        fileprivate var popID: Int? {
            switch self {
            case .pop(let id): id
            case .allPoPs: nil
            case .noPoP: 0
            }
        }
    }

    /// Writes the audit entry of a change; equal documents mean that nothing changed.
    func audit<Document: Encodable & Equatable & SendableMetatype>(
        _ subject: String,
        from before: Document?,
        to after: Document?,
        concerning concern: Concern
    ) throws {
        guard before != after else { return }
        let statement = try self.database.cachedStatement(
            sql:
                "INSERT INTO audit (time, author, action, subject, before, after, popID) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(
            arguments: [
                self.time.milliseconds, self.author,
                before == nil ? "add" : after == nil ? "remove" : "change",
                subject, try before.map { try JSONText.encode($0, self.memory.encoder) },
                try after.map { try JSONText.encode($0, self.memory.encoder) }, concern.popID,
            ]
        )
    }

    private var pops: PoPChanges { PoPChanges(transaction: self) }
    private var prefixes: PrefixChanges { PrefixChanges(transaction: self) }
    private var tunnels: TunnelChanges { TunnelChanges(transaction: self) }
    private var subnets: SubnetChanges { SubnetChanges(transaction: self) }
    private var users: UserChanges { UserChanges(transaction: self) }

    func count(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        let statement = try self.database.cachedStatement(sql: "SELECT count(*) FROM \(sql)")
        return try Int.fetchOne(statement, arguments: arguments) ?? 0
    }

    /// The prefix of the fleet that shares addresses with another.
    func overlapping(_ prefix: IPv6Prefix) throws -> RoutedPrefix? {
        try PrefixRecord.fetchOne(
            self.database,
            sql: "SELECT * FROM prefix WHERE lower <= ? AND upper >= ? ORDER BY lower LIMIT 1",
            arguments: [prefix.lastAddress.octets, prefix.address.octets]
        )?.routed
    }
}

extension RegistryTransaction {
    private func set(_ policy: WavePolicy) throws -> WavePolicy {
        let old = try SQLiteRegistry.waves(in: self.database)
        guard old != policy else { return policy }
        try self.database.execute(
            sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('waves', ?)",
            arguments: [try JSONText.compact(policy)]
        )
        try self.audit("waves", from: old, to: policy, concerning: .noPoP)
        return policy
    }
}
