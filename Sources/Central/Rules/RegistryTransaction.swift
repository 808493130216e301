internal import Foundation
internal import Wire

/// Changes inside one write transaction, each with its audit entry.
///
/// The rules of the registry and their sentences stand here once, over the rows of whatever store. A store's schema refuses
/// the same; it has the last word, and this the plainer one.
struct RegistryTransaction {
    let rows: RegistryRows
    let author: String
    let time: Date

    /// Whether so many changes are made that what is asked for each of them is better read at once.
    var isBulk = false
    let memory = TransactionMemory()

    /// Makes changes, in order.
    ///
    /// - Throws: ``RegistryError`` with the first rule that is broken.
    func make(_ changes: [RegistryChange]) throws -> [RegistryResult] {
        let results = try changes.map { change in
            // What a change read of what it then changed must not be taken for the present by the next.
            defer { if !change.onlyAdds { self.memory.forget() } }
            let isAlone = !self.isBulk || !change.onlyAdds
            if isAlone { try self.rows.flush() }
            let result = try self.make(change)
            if isAlone { try self.rows.flush() }
            return result
        }
        try self.rows.flush()
        return results
    }

    private func make(_ change: RegistryChange) throws -> RegistryResult {
        switch change {
        case .addPoP(let pop): .pop(try self.pops.add(pop))
        case .amendPoP(let name, let amendment): .pop(try self.pops.amend(name, amendment))
        case .renamePoP(let old, let new): .pop(try self.pops.rename(old, to: new))
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
        case .suspendUser(let handle): .user(try self.accounts.suspend(handle))
        case .resumeUser(let handle): .user(try self.accounts.resume(handle))
        case .eraseUser(let handle): .user(try self.accounts.erase(handle))
        case .issueLink(let link): .user(try self.accounts.issue(link))
        case .redeemLink(let token, let password): .user(try self.accounts.redeem(token, password))
        case .endSessions(let handle): .user(try self.accounts.endSessions(of: handle))
        case .setWaves(let policy): .waves(try self.set(policy))
        case .requestEndpoint(let number, let address, let client, let claim):
            .endpoint(try self.endpoints.request(number, address, from: client, with: claim))
        case .applyWaitingEndpoint(let number): .endpoint(try self.endpoints.applyWaiting(number))
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

    /// Writes the audit entry of a change, where many are made with others; equal documents mean that nothing changed.
    func audit<Document: Encodable & Equatable & SendableMetatype>(
        _ subject: String,
        from before: Document?,
        to after: Document?,
        concerning concern: Concern
    ) throws {
        guard before != after else { return }
        try self.rows.settings.append(
            AuditRow(
                time: self.time,
                author: self.author,
                action: before == nil ? "add" : after == nil ? "remove" : "change",
                subject: subject,
                before: try before.map { try JSONText.encode($0, self.memory.encoder) },
                after: try after.map { try JSONText.encode($0, self.memory.encoder) },
                popID: concern.popID
            )
        )
        if !self.isBulk { try self.rows.settings.flush() }
    }

    private var pops: PoPChanges { PoPChanges(transaction: self) }
    private var prefixes: PrefixChanges { PrefixChanges(transaction: self) }
    private var tunnels: TunnelChanges { TunnelChanges(transaction: self) }
    private var endpoints: EndpointChanges { EndpointChanges(transaction: self, tunnels: self.tunnels) }
    private var subnets: SubnetChanges { SubnetChanges(transaction: self) }
    private var accounts: AccountChanges { AccountChanges(transaction: self) }
    private var users: UserChanges { UserChanges(transaction: self) }

    private func set(_ policy: WavePolicy) throws -> WavePolicy {
        let old = try self.rows.settings.waves()
        guard old != policy else { return policy }
        try self.rows.settings.set(policy)
        try self.audit("waves", from: old, to: policy, concerning: .noPoP)
        return policy
    }
}

extension RegistryChange {
    /// Whether it leaves as it is what others of its kind ask for (``TransactionMemory``).
    fileprivate var onlyAdds: Bool {
        switch self {
        case .addTunnel, .addSubnet, .addUser: true
        default: false
        }
    }
}

extension RegistryTransaction {
    /// - Throws: ``RegistryError/notFound(_:)``.
    func pop(named name: PoPName) throws -> PoP {
        if let known = self.memory.pops[name] { return known }
        guard let pop = try self.rows.pops.pop(named: name) else {
            throw RegistryError.noPoP(name, among: try self.rows.pops.all(), try self.rows.pops.formerNames())
        }
        self.memory.remember(pop)
        return pop
    }

    /// - Throws: ``RegistryError/unusable(_:)``.
    func pop(_ id: Int) throws -> PoP {
        if let known = self.memory.pop(id) { return known }
        guard let pop = try self.rows.pops.pop(id) else {
            throw RegistryError.unusable("the database names PoP \(id), which it does not have")
        }
        self.memory.remember(pop)
        return pop
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    func tunnel(_ number: TunnelNumber) throws -> Tunnel {
        if let known = self.memory.tunnel(number) { return known }
        guard let tunnel = try self.rows.tunnels.tunnel(number) else { throw RegistryError.noTunnel(number) }
        return tunnel
    }

    /// The handle as the registry spells it.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    func owner(_ handle: UserHandle) throws -> UserHandle {
        if let known = self.memory.owner(handle) { return known }
        let user = try self.user(handle)
        self.memory.remember(user, as: handle)
        return user.handle
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    func user(_ handle: UserHandle) throws -> User {
        guard let user = try self.rows.users.user(handle) else {
            throw RegistryError.noUser(handle, among: try self.rows.users.handles())
        }
        return user
    }
}
