package import Wire

/// Changes tunnels: all that are named, or none; what is not named of them stays.
package struct AmendTunnels: Sendable {
    /// What became of one.
    package struct Outcome: Sendable {
        /// The tunnel as it is then.
        package let document: TunnelDocument
        /// The password that its user has to be told, if one was made.
        package let newPassword: Password?
        /// Whether it is other than before.
        package let isChanged: Bool
    }

    package let numbers: [TunnelNumber]
    private let amendments: [TunnelAmendment]
    private let newPasswords: [Password?]

    /// Says what is wanted of each, and what becomes of the passwords that new ones replace.
    ///
    /// A password that the centre makes is another for each tunnel.
    package init(
        _ numbers: [TunnelNumber],
        _ amendment: TunnelAmendment,
        password: PasswordChoice? = nil,
        oldPassword: TunnelAmendment.OldPasswordFate? = nil
    ) {
        let made = numbers.map { _ in password?.made }
        self.numbers = numbers
        self.newPasswords = made.map { made in made.flatMap { $0.isNew ? $0.password : nil } }
        self.amendments = made.map { made in
            var amendment = amendment
            amendment.password = made?.password ?? amendment.password
            amendment.oldPassword = oldPassword ?? amendment.oldPassword
            return amendment
        }
    }

    /// - Returns: One outcome a tunnel, in order.
    /// - Throws: ``RegistryError``.
    @discardableResult
    package func run(in centre: Centre) async throws -> [Outcome] {
        let changes = zip(self.numbers, self.amendments).map { RegistryChange.amendTunnel($0, $1) }
        let outcomes = try await AmendTogether(changes).run(in: centre)
        let documents = try await centre.store.registry.documents(of: self.numbers)
        return zip(documents, zip(outcomes, self.newPasswords)).map { document, rest in
            Outcome(document: document, newPassword: rest.1, isChanged: rest.0.isChanged)
        }
    }
}

extension RegistryStore {
    /// The tunnels with these numbers, in their order.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func documents(of numbers: [TunnelNumber]) async throws -> [TunnelDocument] {
        guard let first = numbers.first else { return [] }
        let scope = numbers.count == 1 ? FleetSnapshot.Scope.tunnel(first) : .fleet
        let documents = try await self.snapshot(of: scope).tunnelDocuments()
        let byNumber = Dictionary(uniqueKeysWithValues: documents.map { ($0.tunnel, $0) })
        return try numbers.map { number in
            guard let document = byNumber["\(number)"] else { throw RegistryError.noTunnel(number) }
            return document
        }
    }
}
