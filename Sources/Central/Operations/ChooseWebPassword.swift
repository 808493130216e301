package import Wire

/// Gives a user the password for the pages that he chose.
package struct ChooseWebPassword: Sendable {
    /// By what right.
    package enum Claim: Sendable {
        /// He has the link that was made for him.
        case link(String)

        /// He is logged in and knows the password that he has.
        case password(String, of: UserHandle)
    }

    package let claim: Claim
    package let password: String

    /// Who asks; nil where that is not known.
    package let client: IPAddress?

    package init(_ claim: Claim, _ password: String, client: IPAddress?) {
        self.claim = claim
        self.password = password
        self.client = client
    }

    /// Whom a link is for; nil when it is good no more.
    package static func user(of link: String, in centre: Centre) async throws -> UserHandle? {
        try await centre.store.accounts.link(SecretToken(of: link))?.user
    }

    /// - Returns: Whose password it is then; nil when the claim is not right.
    /// - Throws: ``RegistryError/refused(_:)`` for a password that is easily guessed, ``PasswordHasher/Trouble``.
    package func run(in centre: Centre, with hasher: PasswordHasher) async throws -> UserHandle? {
        switch self.claim {
        case .link(let text):
            let token = SecretToken(of: text)
            guard let link = try await centre.store.accounts.link(token) else { return nil }
            let hash = try await hasher.hash(try self.checked(for: link.user))
            do {
                try await ChangeRegistry(.redeemLink(token, hash)).run(
                    in: centre.acting(link.user, self.client)
                )
            } catch RegistryError.notFound { return nil }
            return link.user
        case .password(let old, let handle):
            guard let user = try await centre.store.accounts.user(handle),
                let typed = WebPassword(typed: old),
                try await hasher.matches(typed, user.webPassword)
            else { return nil }
            let hash = try await hasher.hash(try self.checked(for: handle))
            let amendment = UserAmendment(webPassword: hash, replacing: user.webPassword)
            do {
                try await ChangeRegistry(.amendUser(handle, amendment)).run(
                    in: centre.acting(handle, self.client)
                )
            } catch RegistryError.notFound { return nil }
            return handle
        }
    }

    private func checked(for handle: UserHandle) throws(RegistryError) -> WebPassword {
        do { return try WebPassword(new: self.password, for: handle) } catch {
            throw .refused("expected \(error.expected), found \(error.found)")
        }
    }
}

extension Centre {
    /// The same for a user at the pages: the audit says who it was and from where.
    package func acting(_ user: UserHandle, _ client: IPAddress?) -> Centre {
        let place = client.map { "\($0)" } ?? "the pages"
        return Centre(store: self.store, connector: self.connector, author: "\(user) from \(place)")
    }
}
