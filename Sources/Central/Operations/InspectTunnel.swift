package import Wire

/// Asks a tunnel's daemon about it.
package struct InspectTunnel: Sendable {
    package let tunnel: TunnelNumber

    package init(_ tunnel: TunnelNumber) { self.tunnel = tunnel }

    /// The tunnel's row of the daemon's report, and what of the report is not believed.
    package struct Answer: Sendable {
        package let pop: PoPName
        package let row: ReceivedReport.Tunnel
        package let doubts: String?
    }

    /// What the daemon prints for people.
    ///
    /// - Throws: ``RegistryError``.
    package func lines(in centre: Centre) async throws -> [String] {
        let (pop, tunnel) = (try await centre.store.registry.pop(of: self.tunnel), self.tunnel)
        let lines = try await centre.converse(with: pop) { session throws(ConnectionFailure) in
            try session.command("tunnel show \(tunnel)").lines ?? []
        }
        guard lines.contains(where: { !$0.isEmpty }) else { throw self.unknown(at: pop) }
        return lines
    }

    /// - Throws: ``RegistryError``.
    package func row(in centre: Centre) async throws -> Answer {
        let pop = try await centre.store.registry.pop(of: self.tunnel)
        let expectations = try await centre.store.reportExpectations()
        let report = try await centre.converse(with: pop) { session throws(ConnectionFailure) in
            try ReceivedReport(of: pop, asking: session, expectations)
        }
        guard let row = report.tunnels.first(where: { $0.number == self.tunnel }) else {
            throw self.unknown(at: pop)
        }
        return Answer(pop: pop.name, row: row, doubts: report.doubts.words)
    }

    private func unknown(at pop: PoP) -> RegistryError {
        .notFound("\(pop.name) does not know \(self.tunnel) yet: sixxs-central push \(pop.name)")
    }
}

extension RegistryStore {
    /// The PoP that a tunnel is at.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func pop(of number: TunnelNumber) async throws -> PoP {
        let snapshot = try await self.snapshot(of: .tunnel(number))
        guard let pop = snapshot.tunnel(number).flatMap({ snapshot.pop($0.popID) }) else {
            throw RegistryError.noTunnel(number)
        }
        return pop
    }
}

extension Centre {
    /// Holds a conversation with a PoP's daemon.
    ///
    /// - Throws: ``RegistryError/unusable(_:)`` with what an operator can do.
    func converse<Answer: Sendable>(
        with pop: PoP,
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws(RegistryError) -> Answer {
        do throws(ConnectionFailure) {
            return try await self.connector.converse(with: pop, conversation)
        } catch {
            throw .unusable("\(pop.name): \(error.message(for: pop.name))")
        }
    }
}
