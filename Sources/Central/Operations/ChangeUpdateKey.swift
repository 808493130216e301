package import Wire

/// Gives a tunnel a new update key, in the place of the one before, or takes it away.
package struct ChangeUpdateKey: Sendable {
    package let tunnel: TunnelNumber
    package let isRevoked: Bool

    package init(of tunnel: TunnelNumber, isRevoked: Bool) {
        self.tunnel = tunnel
        self.isRevoked = isRevoked
    }

    /// What was made; also what `--json` prints.
    package struct Answer: Encodable, Hashable, Sendable {
        package let tunnel: String

        /// The user's handle, which the router sends with the key.
        package let user: String

        /// The key itself, which is stored nowhere; nil when it was revoked.
        package let key: String?

        /// Whether anything was changed: not when there was no key to revoke.
        package let changed: Bool
    }

    /// - Throws: ``RegistryError``, for instance when the tunnel has no owner.
    package func run(in centre: Centre) async throws -> Answer {
        let made = self.isRevoked ? nil : UpdateKey.random()
        let change = TunnelAmendment(updateKey: made.map { .key($0.stored) } ?? .revoked)
        let outcome = try await AmendTogether([.amendTunnel(self.tunnel, change)]).run(in: centre).first
        guard let outcome, case .tunnel(let tunnel) = outcome.result else {
            throw RegistryError.unusable("the registry did not say what became of \(self.tunnel)")
        }
        return Answer(
            tunnel: tunnel.number.description,
            user: tunnel.owner?.description ?? "",
            key: made?.key,
            changed: outcome.isChanged
        )
    }
}
