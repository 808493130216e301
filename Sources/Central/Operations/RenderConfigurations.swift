package import Wire

/// Renders what would be pushed to PoPs.
package struct RenderConfigurations: Sendable {
    /// Empty for all that are enabled.
    package let names: [PoPName]

    package init(of names: [PoPName]) { self.names = names }

    /// The PoPs, whose configurations are rendered one by one.
    package struct Answer: Sendable {
        package let pops: [PoP]
        let renderer: ConfigurationRenderer

        /// - Throws: ``RegistryError/refused(_:)`` when a daemon would refuse it.
        package func text(of pop: PoP, passwords: Configuration.Passwords) throws(RegistryError) -> String {
            let configuration = self.renderer.configuration(of: pop.id)
            do {
                try configuration.check()
            } catch {
                throw .refused(
                    "the registry holds what a daemon of \(pop.name) would refuse, \(error.subject): \(error)"
                )
            }
            return configuration.text(passwords: passwords)
        }
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let only = self.names.count == 1 ? self.names.first : nil
        let snapshot = try await centre.store.registry.snapshot(of: only.map { .pop($0) } ?? .fleet)
        return Answer(
            pops: try snapshot.selection(self.names),
            renderer: ConfigurationRenderer(snapshot)
        )
    }
}
