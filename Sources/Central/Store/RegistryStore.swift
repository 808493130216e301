internal import Foundation
package import Wire

/// What operators decided.
package protocol RegistryStore: Sendable {
    /// Reads a consistent view.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when the scope names something that does not exist.
    func snapshot(of scope: FleetSnapshot.Scope) async throws -> FleetSnapshot

    /// What the secret of a client's account is compared with; nil when there is no such account, or none that can log in.
    ///
    /// Takes as long for one that there is as for one that there is not.
    func clientSecret(of account: ClientAccount) async throws -> PasswordHash?

    /// The whole registry, and every tunnel number that was ever given, in one view.
    func numberedSnapshot() async throws -> NumberedSnapshot

    /// Those of the numbers that no tunnel ever had.
    func neverGiven(_ numbers: [TunnelNumber]) async throws -> [TunnelNumber]

    /// Makes all changes, or none, and writes the audit entries with them.
    ///
    /// Where a revision is expected, nothing is changed when somebody changed the registry since.
    ///
    /// - Returns: One result a change, in order.
    /// - Throws: ``RegistryError`` with the first rule that is broken.
    @discardableResult
    func apply(
        _ changes: [RegistryChange],
        by author: String,
        expecting revision: Int64?,
        mode: ApplyMode
    ) async throws -> [RegistryResult]

    /// The changes that a later revision has over an earlier one, oldest first.
    func changes(since revision: Int64) async throws -> [AuditEntry]

    /// What in the registry breaks its rules, a sentence each; empty unless somebody went round the schema.
    func violations() async throws -> [String]

    /// How many tunnels there are with each value of a property.
    func tunnelCounts(by property: TunnelProperty) async throws -> [String: Int]

    /// The tunnels of every PoP that has any, by PoP id.
    func tunnelNumbers() async throws -> [Int: Set<TunnelNumber>]

    /// How many users and subnets there are.
    func populationCounts() async throws -> (users: Int, subnets: Int)
}

extension RegistryStore {
    /// Makes all changes, or none, whatever anybody changed meanwhile.
    ///
    /// - Returns: One result a change, in order.
    /// - Throws: ``RegistryError`` with the first rule that is broken.
    @discardableResult
    package func apply(
        _ changes: [RegistryChange],
        by author: String,
        mode: ApplyMode = .commit
    ) async throws -> [RegistryResult] {
        try await self.apply(changes, by: author, expecting: nil, mode: mode)
    }
}
