package import Foundation

/// What rounds need, and leave behind.
package protocol RoundStore: Sendable {
    /// Returns the PoP's newest generation when it has this digest, else records a new one.
    func generation(of rendering: Rendering, author: String, reason: String) async throws -> Generation

    /// A generation of the past.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    func generation(_ number: Int, of popID: Int) async throws -> Generation

    /// What is known of every PoP, by PoP id; all but the samples in one view.
    func histories() async throws -> [Int: PoPHistory]

    /// Records a visit.
    func record(_ visit: VisitRecord) async throws

    /// Records what happened.
    func record(_ events: [FleetEvent]) async throws

    /// The number of the event that the operator's program was told last; nil when it never was told any.
    func told() async throws -> Int64?

    /// Keeps the number of the event that the operator's program was told last.
    func setTold(_ number: Int64) async throws

    /// Records an event unless the PoP had one of its kind in the last day.
    ///
    /// - Returns: Whether it was recorded.
    func recordDaily(_ event: FleetEvent) async throws -> Bool

    /// Keeps PoPs on generations; the audit tells of it.
    func hold(_ pops: [(popID: Int, generation: Int?)], by author: String, _ reason: String) async throws

    /// Lets PoPs follow the registry again; the audit tells of it.
    func release(_ popIDs: [Int], by author: String) async throws

    /// Lets monitoring know until when an operator knows of the PoPs' trouble, in the place of what was said before.
    func acknowledge(_ popIDs: [Int], until time: Date, by author: String, _ reason: String) async throws

    /// Lets monitoring alarm for PoPs again.
    func withdrawAcknowledgements(of popIDs: [Int], by author: String) async throws

    /// Takes or renews a lease.
    ///
    /// - Returns: Nil when the holder has it now; otherwise who has it, and until when.
    func lease(_ lease: Lease, for duration: Duration) async throws -> LeaseHolder?

    /// The term of a lease that a holder has; nil when it has it no longer.
    func term(of lease: Lease) async throws -> Int64?

    /// Who has a lease, or had it last and did not give it back.
    func holder(of purpose: Lease.Purpose) async throws -> LeaseHolder?

    /// Gives a lease back, if the holder has it.
    func give(back lease: Lease) async throws
}
