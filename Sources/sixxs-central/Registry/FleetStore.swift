internal import Foundation
internal import Wire

/// Where the fleet's state is kept, in the words of the domain.
///
/// Everything else in the centre speaks to this and knows nothing of SQL. Each call is atomic.
protocol FleetStore: Sendable {
    /// Reads a consistent view.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when the scope names something that does not exist.
    func snapshot(of scope: FleetSnapshot.Scope) async throws -> FleetSnapshot

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

    /// Returns the PoP's newest generation when it has this digest, else records a new one.
    func generation(of rendering: Rendering, author: String, reason: String) async throws -> Generation

    /// The number of the newest generation of every PoP that has one, by PoP id.
    func latestGenerationNumbers() async throws -> [Int: Int]

    /// Records the outcome of an attempt to push.
    func record(_ attempt: PushAttempt) async throws

    /// What is known of past attempts, by PoP id.
    func pushHistories() async throws -> [Int: PushHistory]

    /// Records what happened to a PoP.
    func record(_ events: [FleetEvent]) async throws

    /// The newest events first.
    func events(limit: Int) async throws -> [FleetEvent]

    /// Stores the counters of a report as samples.
    func record(_ report: PoPReport, of popID: Int, at time: Date) async throws

    /// The newest sample of every PoP that has one, by PoP id.
    func latestSamples() async throws -> [Int: PoPSample]
}

/// Whether changes are kept.
enum ApplyMode: Hashable, Sendable {
    case commit

    /// Tries everything against every rule and takes it back.
    case rehearse
}

/// One line of the audit: who changed what, and how it looked before and after.
struct AuditEntry: Hashable, Sendable {
    let revision: Int64
    let time: Date
    let author: String

    /// `add`, `change` or `remove`.
    let action: String

    /// `pop chtst01`, `tunnel T12`.
    let subject: String

    /// JSON; nil when the thing did not exist.
    let before: String?

    /// JSON; nil when the thing no longer exists.
    let after: String?
}
