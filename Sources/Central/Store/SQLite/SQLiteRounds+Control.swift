internal import Foundation
internal import GRDB

// What decides whether a PoP, or a centre, may do something: holds and leases.
extension SQLiteRounds {
    func hold(_ pops: [(popID: Int, generation: Int?)], by author: String, _ reason: String) async throws {
        let decision = Decision(subject: "hold", author: author, time: self.store.now())
        try await self.store.writing { database in
            for pop in pops {
                let before = try AuditedHold.of(pop.popID, in: database)
                try database.execute(
                    sql:
                        "INSERT OR REPLACE INTO hold (popID, generation, since, author, reason) VALUES (?, ?, ?, ?, ?)",
                    arguments: [pop.popID, pop.generation, decision.time.milliseconds, author, reason]
                )
                let after = try AuditedHold.of(pop.popID, in: database)
                try decision.record(
                    of: pop.popID,
                    from: before,
                    to: after,
                    .held,
                    "by \(author): \(reason)",
                    in: database
                )
            }
        }
    }

    func release(_ popIDs: [Int], by author: String) async throws {
        let decision = Decision(subject: "hold", author: author, time: self.store.now())
        try await self.store.writing { database in
            for popID in popIDs {
                guard let before = try AuditedHold.of(popID, in: database) else { continue }
                try database.execute(sql: "DELETE FROM hold WHERE popID = ?", arguments: [popID])
                try decision.record(of: popID, from: before, to: nil, .released, "by \(author)", in: database)
            }
        }
    }

    func acknowledge(_ popIDs: [Int], until end: Date, by author: String, _ reason: String) async throws {
        let decision = Decision(subject: "acknowledgement", author: author, time: self.store.now())
        try await self.store.writing { database in
            for popID in popIDs {
                let before = try AuditedAcknowledgement.of(popID, in: database)
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO acknowledgement (popID, since, until, author, reason)
                        VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [popID, decision.time.milliseconds, end.milliseconds, author, reason]
                )
                let after = try AuditedAcknowledgement.of(popID, in: database)
                let detail = "until \(end.iso8601) by \(author): \(reason)"
                try decision.record(of: popID, from: before, to: after, .acknowledged, detail, in: database)
            }
        }
    }

    func withdrawAcknowledgements(of popIDs: [Int], by author: String) async throws {
        let decision = Decision(subject: "acknowledgement", author: author, time: self.store.now())
        try await self.store.writing { database in
            for popID in popIDs {
                guard let before = try AuditedAcknowledgement.of(popID, in: database) else { continue }
                try database.execute(sql: "DELETE FROM acknowledgement WHERE popID = ?", arguments: [popID])
                try decision.record(
                    of: popID,
                    from: before,
                    to: nil,
                    .unacknowledged,
                    "by \(author)",
                    in: database
                )
            }
        }
    }

    func lease(_ lease: Lease, for duration: Duration) async throws -> LeaseHolder? {
        let now = self.store.now()
        return try await self.store.writingUnfenced { database in
            try database.execute(
                sql: """
                    INSERT INTO lease (name, holder, expires) VALUES (:name, :holder, :expires)
                    ON CONFLICT (name) DO UPDATE SET term = term + (holder <> :holder), holder = :holder,
                        expires = :expires
                    WHERE holder = :holder OR expires <= :now OR expires > :latest
                    """,
                arguments: [
                    "name": lease.purpose.rawValue, "holder": lease.holder,
                    "expires": now.addingTimeInterval(duration / .seconds(1)).milliseconds,
                    "now": now.milliseconds,
                    // A clock that was far ahead must not keep everybody away until that time comes.
                    "latest": now.addingTimeInterval(Self.longestLease / .seconds(1)).milliseconds,
                ]
            )
            let sql = "SELECT holder, expires FROM lease WHERE name = ?"
            guard let row = try Row.fetchOne(database, sql: sql, arguments: [lease.purpose.rawValue]),
                row["holder"] as String != lease.holder
            else { return nil }
            return LeaseHolder(name: row["holder"], until: Date(milliseconds: row["expires"]))
        }
    }

    /// Who has a lease, or had it last and did not give it back.
    func holder(of purpose: Lease.Purpose) async throws -> LeaseHolder? {
        try await self.store.reading { database in
            let sql = "SELECT holder, expires FROM lease WHERE name = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [purpose.rawValue]).map {
                LeaseHolder(name: $0["holder"], until: Date(milliseconds: $0["expires"]))
            }
        }
    }

    /// No lease is asked for longer.
    private static let longestLease = Duration.seconds(3600)

    func give(back lease: Lease) async throws {
        // The row stays, for its term.
        try await self.store.writingUnfenced { database in
            try database.execute(
                sql: "UPDATE lease SET expires = 0 WHERE name = ? AND holder = ?",
                arguments: [lease.purpose.rawValue, lease.holder]
            )
        }
    }

    func term(of lease: Lease) async throws -> Int64? {
        try await self.store.reading { database in
            let sql = "SELECT term FROM lease WHERE name = ? AND holder = ? AND expires > 0"
            return try Int64.fetchOne(database, sql: sql, arguments: [lease.purpose.rawValue, lease.holder])
        }
    }
}
