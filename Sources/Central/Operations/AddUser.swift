/// Adds a user.
package struct AddUser: Sendable {
    package let handle: UserHandle
    package let values: UserAmendment

    /// Nil for a user who cannot log in.
    package let password: PasswordChoice?

    package init(_ handle: UserHandle, _ values: UserAmendment, password: PasswordChoice?) {
        self.handle = handle
        self.values = values
        self.password = password
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> ChangedUser {
        try await ChangedUser(self.values, self.password, in: centre) { .addUser(self.handle, $0) }
    }
}

/// A user as he is after a change, and what he has to be told.
package struct ChangedUser: Sendable {
    package let user: User

    /// The password that nobody knows yet.
    package let newPassword: Password?

    /// Whether anything is other than before.
    package let isChanged: Bool

    init(
        _ values: UserAmendment,
        _ password: PasswordChoice?,
        in centre: Centre,
        change: (UserAmendment) -> RegistryChange
    ) async throws {
        let made = password?.made
        var values = values
        values.password = made.map { PasswordHash(of: $0.password) }
        let outcome = try await AmendTogether([change(values)]).run(in: centre).first
        guard let outcome, case .user(let user) = outcome.result else {
            throw RegistryError.unusable("the database made no user")
        }
        self.isChanged = outcome.isChanged
        self.user = user
        self.newPassword = made.flatMap { $0.isNew ? $0.password : nil }
    }
}
