package import Foundation
package import Wire

/// What happened, for those who ask afterwards.
///
/// Lists are of the newest entries, the oldest of them first, unless they say otherwise.
package protocol HistoryStore: Sendable {
    /// The changes of all subjects, or of those that are named: `tunnel T12`, or `T12` alone.
    func audit(of subjects: [String], _ window: HistoryWindow) async throws -> [AuditEntry]

    /// The changes of one subject, `tunnel T12`, up to a revision, oldest first.
    func changes(of subject: String, upTo revision: Int64) async throws -> [AuditEntry]

    /// The newest revision that the registry had at a time; nil when its history begins later.
    func revision(at time: Date) async throws -> Int64?

    /// When the registry was changed for the first time; nil when it never was.
    func historyStart() async throws -> Date?

    /// The newest events first.
    func events(limit: Int) async throws -> [FleetEvent]

    /// The events of everything, or of those PoPs and tunnels.
    func events(
        of popIDs: [Int],
        and tunnels: [TunnelNumber],
        _ window: HistoryWindow
    ) async throws -> [NumberedEvent]

    /// The events behind the one of a number, the oldest first.
    func events(after number: Int64, limit: Int) async throws -> [NumberedEvent]

    /// The number of the newest event; 0 when there is none.
    func newestEvent() async throws -> Int64

    /// When tunnels last went up or down; those that never did are left out.
    func latestTurns(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: FleetEvent]

    /// The pushes and polls of all PoPs, or of some; of both kinds unless one is named.
    ///
    /// In the order in which they were written, whatever the clock said.
    func contacts(
        of popIDs: [Int],
        _ window: HistoryWindow,
        only kind: Contact.Kind?
    ) async throws -> [Contact]

    /// The generations of a PoP without their texts, the newest first.
    func generationSummaries(of popID: Int, limit: Int) async throws -> [GenerationSummary]
}

extension HistoryStore {
    /// The pushes and polls of all PoPs, or of some.
    package func contacts(of popIDs: [Int], _ window: HistoryWindow) async throws -> [Contact] {
        try await self.contacts(of: popIDs, window, only: nil)
    }

    /// The pushes to a PoP.
    package func pushes(of popID: Int, _ window: HistoryWindow) async throws -> [Contact] {
        try await self.contacts(of: [popID], window, only: .push)
    }
}
