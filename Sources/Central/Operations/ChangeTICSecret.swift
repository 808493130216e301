package import Wire

/// Gives a tunnel a new secret with which a client logs in for it alone, in the place of the one before, or takes it away.
package struct ChangeTICSecret: Sendable {
    package let tunnel: TunnelNumber
    package let isRevoked: Bool

    package init(of tunnel: TunnelNumber, isRevoked: Bool) {
        self.tunnel = tunnel
        self.isRevoked = isRevoked
    }

    /// What was made; also what `--json` prints.
    package struct Answer: Encodable, Hashable, Sendable {
        package let tunnel: String

        /// The name with which a client logs in, such as `jdoe/T5072`.
        package let user: String

        /// The secret itself, of which only hashes are stored; nil when it was revoked.
        package let secret: String?

        /// Whether anything was changed: not when there was no secret to revoke.
        package let changed: Bool
    }

    /// - Throws: ``RegistryError``, for instance when the tunnel has no owner.
    package func run(in centre: Centre) async throws -> Answer {
        let secret = self.isRevoked ? nil : Password.random()
        let change = TunnelAmendment(ticSecret: secret.map { .secret(PasswordHash(of: $0)) } ?? .revoked)
        let outcome = try await AmendTogether([.amendTunnel(self.tunnel, change)]).run(in: centre).first
        guard let outcome, case .tunnel(let tunnel) = outcome.result else {
            throw RegistryError.unusable("the registry did not say what became of \(self.tunnel)")
        }
        return Answer(
            tunnel: tunnel.number.description,
            user: tunnel.owner.map { "\($0)/\(tunnel.number)" } ?? "",
            secret: secret?.text,
            changed: outcome.isChanged
        )
    }
}
