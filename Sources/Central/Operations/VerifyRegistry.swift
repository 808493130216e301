/// Asks all rules of the registry again, and whether its files are whole.
package struct VerifyRegistry: Sendable {
    package init() {}

    /// What was found, a sentence each.
    package struct Answer: Sendable {
        package let violations: [String]
        package let damage: [String]

        package var isWell: Bool { self.violations.isEmpty && self.damage.isEmpty }
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> Answer {
        Answer(
            violations: try await centre.store.registry.violations(),
            damage: try await centre.store.upkeep.damage()
        )
    }
}
