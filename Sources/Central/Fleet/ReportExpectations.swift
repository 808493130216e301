package import Wire

extension FleetStore {
    /// What the report of every PoP is judged by, by PoP id.
    ///
    /// - Throws: ``RegistryError`` when the store cannot be read.
    package func reportExpectations() async throws -> [Int: ReportExpectation] {
        let tunnels = try await self.registry.tunnelNumbers()
        let histories = try await self.rounds.histories()
        let pops = try await self.registry.snapshot(of: .infrastructure).pops
        let peers = Set(pops.map(\.id))
        let expectations = pops.map { pop in
            ReportExpectation(
                popID: pop.id,
                popName: pop.name.description,
                formerNames: histories[pop.id]?.formerNames ?? [],
                tunnels: tunnels[pop.id] ?? [],
                earlierTunnels: histories[pop.id]?.generationCapacity ?? 0,
                peers: peers.subtracting([pop.id])
            )
        }
        return Dictionary(expectations.map { ($0.popID, $0) }) { first, _ in first }
    }
}
