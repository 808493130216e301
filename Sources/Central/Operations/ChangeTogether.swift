/// Makes several changes of the registry: all of them, or none.
package struct ChangeTogether: Sendable {
    package let changes: [RegistryChange]

    package init(_ changes: [RegistryChange]) { self.changes = changes }

    /// - Returns: What each change made.
    /// - Throws: ``RegistryError`` with the rule that is broken.
    @discardableResult
    package func run(in centre: Centre) async throws -> [RegistryResult] {
        guard !self.changes.isEmpty else { return [] }
        let note = self.changes.count > 1 ? "; nothing was changed" : ""
        do {
            return try await centre.store.registry.apply(self.changes, by: centre.author)
        } catch RegistryError.refused(let reason) {
            throw RegistryError.refused(reason + note)
        } catch RegistryError.notFound(let reason) {
            throw RegistryError.notFound(reason + note)
        }
    }
}
