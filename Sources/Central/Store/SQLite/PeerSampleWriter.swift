internal import Foundation
internal import GRDB
internal import Wire

/// Writes what a report says of the ways to other PoPs.
struct PeerSampleWriter {
    private let database: Database
    private let popID: Int
    private let time: Date

    init(_ database: Database, popID: Int, time: Date) {
        self.database = database
        self.popID = popID
        self.time = time
    }

    /// Writes what was counted since the report before; of a first report nobody knows since when that is.
    ///
    /// - Parameters:
    ///   - peers: What the daemon counted since its start.
    ///   - instance: That start.
    /// - Throws: What SQLite says.
    func write(_ peers: PeerProbes, instance: String) throws {
        guard !peers.counts.isEmpty else { return }
        let before = try self.memory()
        // What was not believed this time stays as it was.
        var now = before?.instance == instance ? before?.probes ?? PeerProbes() : PeerProbes()
        for (path, counts) in peers.counts { now[path] = counts }
        try self.database.cachedStatement(sql: Self.counterSQL).execute(arguments: [
            self.popID, instance, Data(now.packed),
        ])
        guard let before else { return }
        let growth = before.instance == instance ? now.growth(since: before.probes) : now
        for step in SampleStep.allCases { try self.add(growth, to: step) }
    }

    private func memory() throws -> (instance: String, probes: PeerProbes)? {
        let row = try Row.fetchOne(
            self.database.cachedStatement(sql: "SELECT instance, probes FROM peerCounter WHERE popID = ?"),
            arguments: [self.popID]
        )
        guard let row, let probes = PeerProbes(packed: Array(row["probes"] as Data)) else { return nil }
        return (row["instance"], probes)
    }

    private func add(_ growth: PeerProbes, to step: SampleStep) throws {
        let key = [step.code, Int64(self.popID), step.number(of: self.time)]
        let stored = try Data.fetchOne(
            self.database.cachedStatement(sql: Self.storedSQL),
            arguments: StatementArguments(key)
        )
        var sum = stored.flatMap { PeerProbes(packed: Array($0)) } ?? PeerProbes()
        sum.add(growth)
        try self.database.cachedStatement(sql: Self.stepSQL).execute(
            arguments: StatementArguments(key) + [Data(sum.packed)]
        )
        guard stored == nil else { return }
        // Only the oldest: a clock that is ahead, which nothing else confirms, must not erase the past at once.
        let limit = step.number(of: self.time.addingTimeInterval(-step.keptFor))
        try self.database.cachedStatement(sql: Self.forgettingSQL).execute(arguments: [
            step.code, self.popID, limit,
        ])
    }

    private static let counterSQL = "INSERT OR REPLACE INTO peerCounter VALUES (?, ?, ?)"
    private static let storedSQL = "SELECT probes FROM peerStep WHERE step = ? AND popID = ? AND number = ?"
    private static let stepSQL = "INSERT OR REPLACE INTO peerStep VALUES (?, ?, ?, ?)"

    private static let forgettingSQL = """
        DELETE FROM peerStep WHERE step = ?1 AND popID = ?2 AND number =
            (SELECT min(number) FROM peerStep WHERE step = ?1 AND popID = ?2) AND number < ?3
        """
}
