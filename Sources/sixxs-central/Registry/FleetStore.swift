internal import Foundation
internal import Wire

/// Where the fleet's state is kept, in the words of the domain.
///
/// Everything else in the centre speaks to this and knows nothing of SQL. Each call is atomic.
typealias FleetStore = RegistryStore & RoundStore & SampleStore

/// What operators decided.
protocol RegistryStore: Sendable {
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

    /// What in the registry breaks its rules, a sentence each; empty unless somebody went round the schema.
    func violations() async throws -> [String]
}

/// What rounds need, and leave behind.
protocol RoundStore: Sendable {
    /// Returns the PoP's newest generation when it has this digest, else records a new one.
    func generation(of rendering: Rendering, author: String, reason: String) async throws -> Generation

    /// A generation of the past.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    func generation(_ number: Int, of popID: Int) async throws -> Generation

    /// What is known of every PoP, by PoP id; all but the samples in one view.
    func pasts() async throws -> [Int: PoPPast]

    /// Records a visit.
    func record(_ visit: VisitRecord) async throws

    /// Records what happened.
    func record(_ events: [FleetEvent]) async throws

    /// Records an event unless the PoP had one of its kind in the last day.
    ///
    /// - Returns: Whether it was recorded.
    func recordDaily(_ event: FleetEvent) async throws -> Bool

    /// The newest events first.
    func events(limit: Int) async throws -> [FleetEvent]

    /// Keeps PoPs on generations.
    func hold(_ pops: [(popID: Int, generation: Int?)], by author: String, _ reason: String) async throws

    /// Lets PoPs follow the registry again.
    func release(_ popIDs: [Int], by author: String) async throws

    /// Takes or renews a lease.
    ///
    /// - Returns: Nil when the holder has it now; otherwise who has it, and until when.
    func lease(_ lease: Lease, for seconds: TimeInterval) async throws -> LeaseHolder?

    /// The term of a lease that a holder has; nil when it has it no longer.
    func term(of lease: Lease) async throws -> Int64?

    /// Gives a lease back, if the holder has it.
    func give(back lease: Lease) async throws
}

/// What daemons reported.
protocol SampleStore: Sendable {
    /// Stores a report for a time: the counters as sums over restarts.
    ///
    /// - Returns: The tunnels that went up or down since the report before.
    func record(_ report: ReceivedReport, of popID: Int, at time: Date) async throws -> [FleetEvent]

    /// Stores why a PoP's newest report is not believed, or that there was none; the figures stay those of the report before.
    func record(doubts: String, of popID: Int, at time: Date) async throws

    /// The tunnels of every PoP that has any, by PoP id.
    func tunnelNumbers() async throws -> [Int: Set<TunnelNumber>]

    /// Removes what was stored of tunnels that the registry does not have, a part of it when that is much.
    ///
    /// - Returns: Of how many tunnels.
    func forgetStrangers() async throws -> Int
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
