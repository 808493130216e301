internal import Wire

/// Looks a user up, with the numbers of their tunnels.
package struct ShowUser: Sendable {
    package let handle: UserHandle

    package init(_ handle: UserHandle) { self.handle = handle }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> UserDocument {
        let tunnels = try await centre.store.registry.snapshot(of: .owner(self.handle)).tunnels
        let users = try await centre.store.registry.snapshot(of: .users).users
        guard let user = users.first(where: { $0.handle == self.handle }) else {
            throw RegistryError.noUser(self.handle, among: users.map(\.handle))
        }
        var document = UserDocument(user)
        document.tunnels = tunnels.map(\.number).sorted().map(\.description)
        return document
    }
}
