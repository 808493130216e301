/// Makes one change of the registry that needs nothing besides.
package struct ChangeRegistry: Sendable {
    package let change: RegistryChange

    package init(_ change: RegistryChange) { self.change = change }

    /// - Returns: What the change made, with the numbers that were allocated.
    /// - Throws: ``RegistryError`` with the rule that is broken.
    @discardableResult
    package func run(in centre: Centre) async throws -> RegistryResult {
        guard let result = try await centre.store.registry.apply([self.change], by: centre.author).first
        else {
            throw RegistryError.unusable("the database made nothing of a change")
        }
        return result
    }
}
