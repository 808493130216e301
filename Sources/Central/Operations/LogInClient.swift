internal import Wire

/// Lets a client in that shows that it knows the secret of its account.
package struct LogInClient: Sendable {
    package let account: ClientAccount
    package let proof: LoginProof

    package init(_ account: ClientAccount, _ proof: LoginProof) {
        self.account = account
        self.proof = proof
    }

    /// - Returns: What the client may know; nil when there is no such account, or the secret is another. Which of them is not said.
    /// - Throws: ``RegistryError/unusable(_:)``.
    package func run(in centre: Centre) async throws -> ClientAccess? {
        let secret = try await centre.store.registry.clientSecret(of: self.account)
        // Compared even where there is nothing to compare with, so that both take as long.
        let isKnown = (secret ?? PasswordHash.none).accepts(self.proof)
        guard secret != nil, isKnown else { return nil }
        do {
            return try await centre.store.registry.snapshot(of: .owner(self.account.handle))
                .access(of: self.account)
        } catch RegistryError.notFound {
            return nil
        }
    }
}
