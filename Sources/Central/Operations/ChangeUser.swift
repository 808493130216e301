/// Changes a user; what is not named stays.
package struct ChangeUser: Sendable {
    package let handle: UserHandle
    package let values: UserAmendment
    package let password: PasswordChoice?

    package init(_ handle: UserHandle, _ values: UserAmendment, password: PasswordChoice?) {
        self.handle = handle
        self.values = values
        self.password = password
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> ChangedUser {
        try await ChangedUser(self.values, self.password, in: centre) { .amendUser(self.handle, $0) }
    }
}
