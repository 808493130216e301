internal import Foundation
internal import Wire

/// Changes of users, and what forbids them.
struct UserChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    func addUser(_ handle: UserHandle, _ values: UserAmendment) throws -> User {
        let blank = User(
            handle: handle,
            name: "",
            mail: "",
            created: self.transaction.time,
            changed: self.transaction.time
        )
        let user = values.applied(to: blank)
        guard try self.rows.users.user(handle) == nil else {
            throw RegistryError.refused("there is a user \(handle) already")
        }
        try user.checkTexts()
        try self.rows.users.insert(user)
        try self.transaction.audit("user \(handle)", from: nil, to: UserDocument(user), concerning: .noPoP)
        return user
    }

    func amendUser(_ handle: UserHandle, _ amendment: UserAmendment) throws -> User {
        let old = try self.transaction.user(handle)
        if let present = amendment.replacing, old.webPassword != present || old.suspension != nil {
            throw RegistryError.notFound("the password of \(handle) was changed meanwhile")
        }
        var new = amendment.applied(to: old)
        guard new != old else { return old }
        try new.checkTexts()
        new.changed = self.transaction.time
        try self.rows.users.update(new)
        if new.role != old.role || new.webPassword != old.webPassword {
            try AccountChanges(transaction: self.transaction).logOut(new)
        } else if new.mail != old.mail {
            // A link that went to another address is his no longer.
            try self.rows.accounts.removeLinks(of: new.handle)
        }
        let renewed = old.password != nil && new.password != old.password
        try self.transaction.audit(
            "user \(old.handle)",
            from: UserDocument(old),
            to: UserDocument(
                new,
                passwordChanged: renewed ? true : nil,
                note: old.webPassword != nil && new.webPassword != old.webPassword ? .webPasswordChanged : nil
            ),
            concerning: .noPoP
        )
        return new
    }

    func removeUser(_ handle: UserHandle) throws -> User {
        let user = try self.transaction.user(handle)
        let tunnels = try self.rows.tunnels.count(of: user.handle)
        guard tunnels == 0 else {
            throw RegistryError.refused(
                "\(user.handle) has \(tunnels.counted("tunnel")): remove them or give them to somebody else first"
            )
        }
        try self.rows.users.delete(user)
        try self.transaction.audit(
            "user \(user.handle)",
            from: UserDocument(user),
            to: nil,
            concerning: .noPoP
        )
        return user
    }
}
