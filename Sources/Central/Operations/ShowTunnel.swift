package import Wire

/// Looks a tunnel up, with its addresses and subnets.
package struct ShowTunnel: Sendable {
    package let number: TunnelNumber

    /// Whether its password is part of the answer.
    package let showsPassword: Bool

    package init(_ number: TunnelNumber, showsPassword: Bool = false) {
        self.number = number
        self.showsPassword = showsPassword
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> TunnelDocument {
        let snapshot = try await centre.store.registry.snapshot(of: .tunnel(self.number))
        guard let tunnel = snapshot.tunnel(self.number),
            var document = snapshot.tunnelDocuments().first
        else { throw RegistryError.noTunnel(self.number) }
        document.clientCommand = snapshot.clientCommand(of: tunnel)
        return document.with(password: self.showsPassword ? tunnel.end.password?.text : nil)
    }
}
