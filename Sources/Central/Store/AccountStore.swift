package import Wire

/// Who is let in at the pages.
///
/// Changes that the audit tells of are made through ``RegistryStore``, as all others; logging in and out is none.
package protocol AccountStore: Sendable {
    /// A user, however the handle is spelt; nil when there is none.
    func user(_ handle: UserHandle) async throws -> User?

    /// A link that is still good.
    func link(_ token: SecretToken) async throws -> AccountLink?

    /// Puts a password's hash with other parameters in the place of one that somebody just logged in with.
    func replace(_ old: WebPasswordHash, with new: WebPasswordHash, of user: UserHandle) async throws

    /// Logs a user in whose password was compared with a hash.
    ///
    /// Sessions that are over are forgotten with it, and the least used of one who has too many.
    ///
    /// - Returns: Whether it begins: not when the user was suspended, or has another password, since the hash was read.
    func begin(_ session: NewWebSession) async throws -> Bool

    /// A session that is not over.
    func session(_ token: SecretToken) async throws -> WebSession?

    /// Notes that a session is used.
    func use(_ token: SecretToken) async throws

    /// Logs out.
    func end(_ token: SecretToken) async throws

    /// Where a user is logged in, the newest first.
    func sessions(of user: UserHandle) async throws -> [WebSession]
}

/// A login that was found right.
package struct NewWebSession: Hashable, Sendable {
    package let token: SecretToken
    package let user: UserHandle

    /// What the password was compared with.
    package let password: WebPasswordHash
    package let client: IPAddress?

    package init(token: SecretToken, user: UserHandle, password: WebPasswordHash, client: IPAddress?) {
        self.token = token
        self.user = user
        self.password = password
        self.client = client
    }
}
