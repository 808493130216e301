package import Wire

/// Moves tunnels without subnets to another PoP, all that are named or none; they keep their numbers and passwords.
package struct MoveTunnels: Sendable {
    package let numbers: [TunnelNumber]
    package let pop: PoPName

    /// The place of the first at the new PoP; nil, and for all others, the lowest free one.
    package let tid: TID?

    package init(_ numbers: [TunnelNumber], to pop: PoPName, tid: TID? = nil) {
        self.numbers = numbers
        self.pop = pop
        self.tid = tid
    }

    /// - Returns: The tunnels at their new places.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [TunnelDocument] {
        let changes = self.numbers.enumerated().map { index, number in
            RegistryChange.moveTunnel(number, self.pop, index == 0 ? self.tid : nil)
        }
        try await ChangeTogether(changes).run(in: centre)
        return try await centre.store.registry.documents(of: self.numbers)
    }
}
