internal import Foundation
internal import GRDB
internal import Wire

// What PoPs measured of each other.
extension SQLiteSamples {
    func peerSteps(ofPoP popID: Int, since: Date) async throws -> [PeerStep] {
        let now = self.store.now()
        let step = SampleStep(reachingBack: since, from: now)
        let sql = """
            SELECT number, probes FROM peerStep WHERE step = ? AND popID = ? AND number BETWEEN ? AND ? ORDER BY number
            """
        // What a clock that was ahead stamped is not yet to be shown.
        let numbers = (step.number(of: since), step.number(of: now))
        return try await self.readingSamples { database in
            try Row.fetchAll(database, sql: sql, arguments: [step.code, popID, numbers.0, numbers.1])
                .compactMap {
                    row in
                    PeerProbes(packed: Array(row["probes"] as Data)).map {
                        PeerStep(time: step.time(of: row["number"]), probes: $0)
                    }
                }
        }
    }
}
