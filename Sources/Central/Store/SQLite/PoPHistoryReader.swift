internal import Foundation
internal import GRDB

/// Reads what is known of every PoP, in one view.
struct PoPHistoryReader {
    private let database: Database
    private let lengths: GenerationLengths

    /// By PoP id.
    private(set) var histories: [Int: PoPHistory] = [:]

    init(_ database: Database, _ samples: [Int: PoPSample], _ lengths: GenerationLengths) throws {
        self.database = database
        self.lengths = lengths
        for popID in try Int.fetchAll(database, sql: "SELECT id FROM pop") {
            self.histories[popID] = PoPHistory(sample: samples[popID])
        }
        let confirmed = try self.readGenerations()
        try self.readAttempts(confirmed)
        try self.readBreakers()
        try self.readHolds()
        try self.readDrift()
        try self.readAcknowledgements()
        try self.readPatches()
        for former in try SQLitePoPRows(database: database).formerNames() {
            self.histories[former.popID]?.formerNames.insert(former.name.description)
        }
    }

    /// The rows of `push` that are each PoP's last success.
    private static let lastSuccesses = """
        (SELECT (SELECT id FROM push WHERE popID = pop.id AND outcome IN ('applied', 'unchanged')
            ORDER BY id DESC LIMIT 1) FROM pop)
        """

    /// The shortest line of a tunnel in a configuration, `config 0 T1 2001:db8::1 up 1280` or the like, in octets.
    private static let shortestTunnel = 24

    /// - Returns: The digests that were confirmed last, by PoP id.
    private mutating func readGenerations() throws -> [Int: String] {
        // The text of a generation is long: only its newest rows are read, by their keys.
        let latest = """
            SELECT popID, number, digest, NOT EXISTS (
                    SELECT 1 FROM audit WHERE audit.popID = generation.popID AND audit.revision > generation.revision
                ) AND NOT EXISTS (
                    SELECT 1 FROM audit WHERE audit.popID IS NULL AND audit.revision > generation.revision
                ) AS isUpToDate
            FROM generation
            WHERE (popID, number) IN (SELECT popID, max(number) FROM generation GROUP BY popID)
            """
        var newest: [GenerationLengths.Key] = []
        for row in try Row.fetchAll(self.database, sql: latest) {
            let popID: Int = row["popID"]
            self.histories[popID]?.latestGeneration = row["number"]
            self.histories[popID]?.latestDigest = row["digest"]
            self.histories[popID]?.isUpToDate = row["isUpToDate"]
            newest.append(GenerationLengths.Key(popID: popID, number: row["number"], digest: row["digest"]))
        }
        let confirmed = """
            SELECT popID, number, digest FROM generation
            WHERE (popID, number) IN (SELECT popID, generation FROM push WHERE id IN \(Self.lastSuccesses))
            """
        var digests: [Int: String] = [:]
        for row in try Row.fetchAll(self.database, sql: confirmed) {
            let popID: Int = row["popID"]
            self.histories[popID]?.confirmedGeneration = row["number"]
            digests[popID] = row["digest"]
            newest.append(GenerationLengths.Key(popID: popID, number: row["number"], digest: row["digest"]))
        }
        for (key, length) in try self.lengths.read(of: newest, in: self.database) {
            let others = self.histories[key.popID]?.generationCapacity ?? 0
            self.histories[key.popID]?.generationCapacity = max(others, length / Self.shortestTunnel)
        }
        return digests
    }

    private mutating func readAttempts(_ confirmed: [Int: String]) throws {
        // Walks down each PoP's index from the newest attempt, however many there are. Newest is what was written last: a
        // clock that was ahead must not make a visit the last one until that time comes.
        let sql = """
            SELECT * FROM push WHERE id IN
                (SELECT (SELECT id FROM push WHERE popID = pop.id ORDER BY id DESC LIMIT 1) FROM pop)
                OR id IN \(Self.lastSuccesses)
            ORDER BY id
            """
        for row in try Row.fetchAll(self.database, sql: sql) {
            let attempt = try Self.attempt(row)
            let before = self.histories[attempt.popID]?.pushes
            self.histories[attempt.popID]?.pushes = PushHistory(
                last: attempt,
                lastSuccess: attempt.outcome.isSuccess ? attempt : before?.lastSuccess,
                confirmedDigest: confirmed[attempt.popID]
            )
        }
    }

    static func attempt(_ row: Row) throws -> PushAttempt {
        guard let outcome = PushOutcome(rawValue: row["outcome"]) else {
            throw RegistryError.unusable("the database holds a push with an unknown outcome")
        }
        return PushAttempt(
            popID: row["popID"],
            generation: row["generation"],
            started: Date(milliseconds: row["started"]),
            duration: .milliseconds(row["duration"] as Int64),
            outcome: outcome,
            detail: row["detail"]
        )
    }

    private mutating func readBreakers() throws {
        for row in try Row.fetchAll(self.database, sql: "SELECT * FROM circuit") {
            self.histories[row["popID"] as Int]?.breaker = CircuitBreaker(
                failures: row["failures"],
                since: Date(milliseconds: row["since"]),
                retryAt: Date(milliseconds: row["retryAt"]),
                reason: row["reason"]
            )
        }
    }

    private mutating func readHolds() throws {
        for row in try Row.fetchAll(self.database, sql: "SELECT * FROM hold") {
            self.histories[row["popID"] as Int]?.hold = Hold(
                generation: row["generation"],
                since: Date(milliseconds: row["since"]),
                author: row["author"],
                reason: row["reason"]
            )
        }
    }

    private mutating func readAcknowledgements() throws {
        for row in try Row.fetchAll(self.database, sql: "SELECT * FROM acknowledgement") {
            self.histories[row["popID"] as Int]?.acknowledgement = Acknowledgement(
                since: Date(milliseconds: row["since"]),
                until: Date(milliseconds: row["until"]),
                author: row["author"],
                reason: row["reason"]
            )
        }
    }

    private mutating func readPatches() throws {
        for row in try Row.fetchAll(self.database, sql: "SELECT popID, generation, digest FROM patchedState")
        {
            let popID: Int = row["popID"]
            // What was made of an earlier generation is as old as that one.
            guard self.histories[popID]?.confirmedGeneration == row["generation"] as Int else { continue }
            self.histories[popID]?.patchedDigests.insert(row["digest"])
        }
    }

    private mutating func readDrift() throws {
        let sql = """
            SELECT popID, time FROM event WHERE id IN
                (SELECT (SELECT id FROM event WHERE popID = pop.id AND kind = 'drifted' ORDER BY id DESC LIMIT 1) FROM pop)
            """
        for row in try Row.fetchAll(self.database, sql: sql) {
            guard let popID = row["popID"] as Int? else { continue }
            self.histories[popID]?.lastDrift = Date(milliseconds: row["time"])
        }
    }
}
