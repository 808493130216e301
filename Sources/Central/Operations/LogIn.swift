internal import Foundation
package import Wire

/// Logs a user in at the pages.
package struct LogIn: Sendable {
    /// As they came: a user's handle and password, which may be none.
    package let user: String
    package let password: String

    /// Who asks; nil where that is not known.
    package let client: IPAddress?

    package init(user: String, password: String, client: IPAddress?) {
        self.user = user
        self.password = password
        self.client = client
    }

    /// A user who is logged in.
    package struct Answer: Hashable, Sendable {
        package let user: UserHandle
        package let role: UserRole

        /// What his cookie says; stored nowhere.
        package let token: String
    }

    /// - Returns: Nil when the password is not that of a user who may log in; whether there is such a user shows in nothing.
    /// - Throws: ``PasswordHasher/Trouble``, ``RegistryError/unusable(_:)``.
    package func run(in centre: Centre, with hasher: PasswordHasher) async throws -> Answer? {
        let store = centre.store.accounts
        let handle = try? UserHandle(parsing: self.user)
        let user: User?
        if let handle { user = try await store.user(handle) } else { user = nil }
        guard let password = WebPassword(typed: self.password) else { return nil }
        let isRight = try await hasher.matches(password, user?.webPassword)
        guard isRight, let user, let hash = user.webPassword, user.suspension == nil else { return nil }
        let present = try await self.upgrade(hash, of: user.handle, password, store, hasher)
        // Always another than what the browser sent: nobody can have put that there.
        let token = SecretToken.random()
        let session = NewWebSession(
            token: token.stored,
            user: user.handle,
            password: present,
            client: self.client
        )
        guard try await store.begin(session) else { return nil }
        return Answer(user: user.handle, role: user.role, token: token.text)
    }

    /// Stores a hash that costs what hashes cost today; only now is the password known that it is made from.
    private func upgrade(
        _ hash: WebPasswordHash,
        of user: UserHandle,
        _ password: WebPassword,
        _ store: any AccountStore,
        _ hasher: PasswordHasher
    ) async throws -> WebPasswordHash {
        guard !hasher.isPresent(hash), let new = try? await hasher.hash(password) else { return hash }
        try await store.replace(hash, with: new, of: user)
        return new
    }
}
