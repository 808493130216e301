package import Foundation

/// Tells monitoring until when an operator knows of PoPs' trouble.
package struct AcknowledgePoPs: Sendable {
    package let pops: [PoPName]
    package let end: Date
    package let reason: String

    package init(_ pops: [PoPName], until end: Date, because reason: String) {
        self.pops = pops
        self.end = end
        self.reason = reason
    }

    /// A PoP, and what is said of it.
    package struct Acknowledged: Sendable {
        package let pop: PoPName
        package let acknowledgement: Acknowledgement
    }

    /// - Throws: ``RegistryError`` when a PoP is not there, or the time is past or far off.
    package func run(in centre: Centre, now: Date = Date()) async throws -> [Acknowledged] {
        guard self.end > now else { throw RegistryError.refused("\(self.end.iso8601) is past") }
        guard self.end <= now.addingTimeInterval(Acknowledgement.longest) else {
            let days = Int64(saturating: Acknowledgement.longest / 86400)
            throw RegistryError.refused(
                "\(self.end.iso8601) is more than \(days) days away: acknowledge for a shorter time, and again if need be"
            )
        }
        let pops = try await centre.store.registry.snapshot(of: .infrastructure).selection(self.pops)
        try await centre.store.rounds.acknowledge(
            pops.map(\.id),
            until: self.end,
            by: centre.author,
            self.reason
        )
        let histories = try await centre.store.rounds.histories()
        return pops.compactMap { pop in
            histories[pop.id]?.acknowledgement.map { Acknowledged(pop: pop.name, acknowledgement: $0) }
        }
    }
}
