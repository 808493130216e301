internal import Foundation
internal import Wire

/// Changes of what users may do at the pages, and of whether they may do anything.
struct AccountChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    /// Lets a user choose a password with a link, in the place of the link that he had.
    func issue(_ link: AccountLink) throws -> User {
        let user = try self.transaction.user(link.user)
        guard user.suspension == nil else { throw Self.suspended(user.handle) }
        guard link.kind == .invitation || user.webPassword != nil else {
            throw RegistryError.refused(
                "\(user.handle) has no password for the pages yet: sixxs-central user invite \(user.handle)"
            )
        }
        try self.rows.accounts.removeLinks(of: user.handle)
        try self.rows.accounts.insert(
            AccountLink(token: link.token, kind: link.kind, user: user.handle, end: link.end)
        )
        try self.note(link.kind == .invitation ? .invitation : .reset, of: user)
        return user
    }

    /// Gives the user of a link the password that he chose.
    func redeem(_ token: SecretToken, _ password: WebPasswordHash) throws -> User {
        // Whether it never was, is used up or too old is nobody's business who has it not from us.
        guard let link = try self.rows.accounts.link(token), link.end > self.transaction.time else {
            throw RegistryError.notFound("the link is good no more: ask for another")
        }
        let user = try self.transaction.user(link.user)
        guard user.suspension == nil else { throw Self.suspended(user.handle) }
        return try self.amend(user, .webPasswordChanged) { $0.webPassword = password }
    }

    func endSessions(of handle: UserHandle) throws -> User {
        let user = try self.transaction.user(handle)
        try self.rows.accounts.endSessions(of: user.handle)
        try self.note(.loggedOut, of: user)
        return user
    }

    /// Takes all tunnels of a user down, and remembers which were up.
    func suspend(_ handle: UserHandle) throws -> User {
        let old = try self.transaction.user(handle)
        guard old.suspension == nil else { return old }
        let tunnels = try self.rows.tunnels.tunnels(of: old.handle).filter(\.isEnabled)
        for tunnel in tunnels {
            _ = try self.tunnels.amend(tunnel.number, TunnelAmendment(isEnabled: false))
        }
        return try self.amend(old) { $0.suspension = tunnels.map(\.number).sorted() }
    }

    /// Enables the tunnels that were up when their user was suspended, those that he still has.
    func resume(_ handle: UserHandle) throws -> User {
        let old = try self.transaction.user(handle)
        guard let suspension = old.suspension else { return old }
        let new = try self.amend(old) { $0.suspension = nil }
        let present = Set(try self.rows.tunnels.tunnels(of: old.handle).map(\.number))
        for number in suspension where present.contains(number) {
            _ = try self.tunnels.amend(number, TunnelAmendment(isEnabled: true))
        }
        return new
    }

    /// Removes a user and all that is his.
    func erase(_ handle: UserHandle) throws -> User {
        let user = try self.transaction.user(handle)
        for tunnel in try self.rows.tunnels.tunnels(of: user.handle) {
            for prefix in try self.rows.subnets.prefixes(of: tunnel.number) {
                _ = try SubnetChanges(transaction: self.transaction).removeSubnet(prefix)
            }
            _ = try self.tunnels.remove(tunnel.number)
        }
        _ = try UserChanges(transaction: self.transaction).removeUser(user.handle)
        try self.rows.settings.flush()
        try self.rows.settings.forgetPerson(user.handle)
        return user
    }

    /// Changes a user; who is another than before is logged out everywhere, and links to him are good no more.
    private func amend(
        _ old: User,
        _ note: UserDocument.Note? = nil,
        _ change: (inout User) -> Void
    ) throws -> User {
        var new = old
        change(&new)
        new.changed = self.transaction.time
        try self.rows.users.update(new)
        try self.logOut(new)
        try self.transaction.audit(
            "user \(new.handle)",
            from: UserDocument(old),
            to: UserDocument(new, note: note),
            concerning: .noPoP
        )
        return new
    }

    /// Ends all that was begun by who a user was before a change.
    func logOut(_ user: User) throws {
        try self.rows.accounts.endSessions(of: user.handle)
        try self.rows.accounts.removeLinks(of: user.handle)
    }

    private func note(_ note: UserDocument.Note, of user: User) throws {
        try self.transaction.audit(
            "user \(user.handle)",
            from: UserDocument(user),
            to: UserDocument(user, note: note),
            concerning: .noPoP
        )
    }

    private static func suspended(_ handle: UserHandle) -> RegistryError {
        .refused("\(handle) is suspended: sixxs-central user resume \(handle)")
    }

    /// Refuses a tunnel that carries packets for a user who is suspended.
    func demandNoSuspension(of tunnel: Tunnel) throws {
        guard tunnel.isEnabled, let owner = tunnel.owner else { return }
        // Reads it at most once of each, also where many tunnels are added.
        let handle = try self.transaction.owner(owner)
        guard !self.transaction.memory.isSuspended(handle) else { throw Self.suspended(handle) }
    }

    private var tunnels: TunnelChanges { TunnelChanges(transaction: self.transaction) }
}
