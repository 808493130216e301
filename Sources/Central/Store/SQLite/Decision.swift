internal import Foundation
internal import GRDB

/// Something about a PoP that somebody decides while rounds go on: it is an event, and stands in the audit.
struct Decision: Sendable {
    /// The first word of what the audit calls it.
    let subject: String
    let author: String
    let time: Date

    /// Records what was decided.
    func record<Document: Encodable & Equatable & SendableMetatype>(
        of popID: Int,
        from before: Document?,
        to after: Document?,
        _ kind: FleetEvent.Kind,
        _ detail: String,
        in database: Database
    ) throws {
        let name = try String.fetchOne(database, sql: "SELECT name FROM pop WHERE id = ?", arguments: [popID])
        let rows = RegistryRows(database)
        let transaction = RegistryTransaction(rows: rows, author: self.author, time: self.time)
        try transaction.audit(
            "\(self.subject) \(name ?? "\(popID)")",
            from: before,
            to: after,
            concerning: .noPoP
        )
        let event = FleetEvent(time: self.time, popID: popID, kind: kind, detail: detail)
        try SQLiteRounds.insert([event], in: database)
    }
}

/// A hold as the audit shows it.
struct AuditedHold: Encodable, Hashable, Sendable {
    @ExplicitNull private(set) var generation: Int?
    let since: String
    let reason: String

    static func of(_ popID: Int, in database: Database) throws -> AuditedHold? {
        try Row.fetchOne(database, sql: "SELECT * FROM hold WHERE popID = ?", arguments: [popID]).map { row in
            AuditedHold(
                generation: row["generation"],
                since: Date(milliseconds: row["since"]).iso8601,
                reason: row["reason"]
            )
        }
    }
}

/// An acknowledgement as the audit shows it.
struct AuditedAcknowledgement: Encodable, Hashable, Sendable {
    let since: String
    let until: String
    let reason: String

    static func of(_ popID: Int, in database: Database) throws -> AuditedAcknowledgement? {
        let sql = "SELECT * FROM acknowledgement WHERE popID = ?"
        return try Row.fetchOne(database, sql: sql, arguments: [popID]).map { row in
            AuditedAcknowledgement(
                since: Date(milliseconds: row["since"]).iso8601,
                until: Date(milliseconds: row["until"]).iso8601,
                reason: row["reason"]
            )
        }
    }
}
