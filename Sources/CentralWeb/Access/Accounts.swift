internal import Central
internal import HTTP
internal import Logging
internal import Wire

/// Lets users in by their passwords; who is in stands in the database, so that all centres know it.
struct Accounts: Sendable {
    let centre: Centre
    let hasher: PasswordHasher
    let limiter: LoginLimiter
    let logger: Logger

    /// Whose session a cookie is; nil when it is over or never was.
    func visitor(of cookie: String) async throws -> Visitor? {
        let token = SecretToken(of: cookie)
        let store = self.centre.store.accounts
        guard let session = try await store.session(token) else { return nil }
        try await UseSession(session).run(in: self.centre)
        return Visitor(session.user, session.role)
    }

    /// Logs a user in.
    ///
    /// - Returns: Nil when handle and password are not right.
    /// - Throws: ``HTTP/Refusal`` when the password is not even looked at.
    func logIn(_ user: String, _ password: String, from client: IPAddress?) async throws -> LogIn.Answer? {
        if let seconds = self.limiter.admit(user, from: client) {
            throw Refusal(
                .tooManyRequests,
                "too many attempts failed: try again in \(seconds) seconds",
                headers: [(name: "Retry-After", value: "\(seconds)")]
            )
        }
        let answer = try await Self.hashing {
            try await LogIn(user: user, password: password, client: client).run(
                in: self.centre,
                with: self.hasher
            )
        }
        let place = client.map { "\($0)" } ?? "an unknown address"
        guard let answer else {
            // Not the handle: some type their password there.
            self.logger.notice("a login from \(place) was refused")
            return nil
        }
        self.limiter.noteSuccess(user, from: client)
        self.logger.info("\(answer.user) logged in from \(place)")
        return answer
    }

    /// Gives a user another password.
    ///
    /// - Returns: Nil when the claim is not right.
    /// - Throws: ``HTTP/Refusal``.
    func choose(
        _ claim: ChooseWebPassword.Claim,
        _ password: String,
        from client: IPAddress?
    ) async throws -> UserHandle? {
        try await Self.hashing {
            try await ChooseWebPassword(claim, password, client: client).run(
                in: self.centre,
                with: self.hasher
            )
        }
    }

    private static func hashing<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch is PasswordHasher.Trouble {
            throw Refusal(
                .serviceUnavailable,
                "too many passwords are being checked: try again in a few seconds",
                headers: [(name: "Retry-After", value: "10")]
            )
        }
    }
}
