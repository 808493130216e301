internal import Foundation
internal import Wire

/// Lists where a user is logged in at the pages.
package struct ListSessions: Sendable {
    package let user: UserHandle

    package init(of user: UserHandle) { self.user = user }

    /// What `--json` prints of one.
    package struct Item: Encodable, Hashable, Sendable {
        package let begun: String
        package let used: String

        /// From where the user logged in.
        package let from: String?
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> [Item] {
        guard let user = try await centre.store.accounts.user(self.user) else {
            let users = try await centre.store.registry.snapshot(of: .users).users
            throw RegistryError.noUser(self.user, among: users.map(\.handle))
        }
        return try await centre.store.accounts.sessions(of: user.handle).map { session in
            Item(
                begun: session.begun.iso8601,
                used: session.used.iso8601,
                from: session.client?.description
            )
        }
    }
}
