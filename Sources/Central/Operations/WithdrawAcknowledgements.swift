package import Foundation

/// Lets monitoring alarm for PoPs again before their acknowledgements end.
package struct WithdrawAcknowledgements: Sendable {
    package let pops: [PoPName]

    package init(of pops: [PoPName]) { self.pops = pops }

    /// - Returns: The PoPs that were acknowledged.
    /// - Throws: ``RegistryError`` when a PoP is not there.
    package func run(in centre: Centre, now: Date = Date()) async throws -> [PoPName] {
        let pops = try await centre.store.registry.snapshot(of: .infrastructure).selection(self.pops)
        let histories = try await centre.store.rounds.histories()
        let known = pops.filter { histories[$0.id]?.acknowledgement?.isValid(at: now) == true }
        guard !known.isEmpty else { return [] }
        try await centre.store.rounds.withdrawAcknowledgements(of: known.map(\.id), by: centre.author)
        return known.map(\.name)
    }
}
