package import Wire

/// Moves a tunnel without subnets to another PoP; it keeps its number and its password.
package struct MoveTunnel: Sendable {
    package let number: TunnelNumber
    package let pop: PoPName

    /// The place at the new PoP; nil for the lowest free one.
    package let tid: TID?

    package init(_ number: TunnelNumber, to pop: PoPName, tid: TID?) {
        self.number = number
        self.pop = pop
        self.tid = tid
    }

    /// - Returns: The tunnel at its new place.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> TunnelDocument {
        try await ChangeRegistry(.moveTunnel(self.number, self.pop, self.tid)).run(in: centre)
        return try await ShowTunnel(self.number).run(in: centre)
    }
}
