/// Gives a PoP another name; it keeps its id, and with it its tunnels, its past and its statistics.
package struct RenamePoP: Sendable {
    package let old: PoPName
    package let new: PoPName

    package init(_ old: PoPName, to new: PoPName) {
        self.old = old
        self.new = new
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> PoP {
        guard case .pop(let pop) = try await ChangeRegistry(.renamePoP(self.old, self.new)).run(in: centre)
        else {
            throw RegistryError.unusable("the database renamed no PoP")
        }
        return pop
    }
}
