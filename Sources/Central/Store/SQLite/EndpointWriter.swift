internal import Foundation
internal import GRDB

/// Writes down where tunnels end, each time that it is somewhere else.
struct EndpointWriter {
    private let database: Database
    private let time: Date

    init(_ database: Database, _ time: Date) {
        self.database = database
        self.time = time
    }

    /// For how long it is kept where a tunnel ended, in seconds: half a year, since complaints come late.
    static let keptFor: TimeInterval = 26 * 7 * 86400

    /// How often a tunnel may have moved in that time and all of it is kept.
    private static let mostEndpoints = 1000

    /// Writes down where a tunnel ends from now on, and forgets what is too old or too much.
    func write(_ address: String?, of tunnel: Int64) throws {
        try self.database.cachedStatement(sql: Self.sql).execute(
            arguments: [tunnel, self.time.milliseconds, address]
        )
        let limit = self.time.addingTimeInterval(-Self.keptFor).milliseconds
        try self.database.cachedStatement(sql: Self.forgettingSQL).execute(
            arguments: ["tunnel": tunnel, "limit": limit, "most": Self.mostEndpoints]
        )
    }

    private static let sql = "INSERT INTO tunnelEndpoint (tunnel, time, address) VALUES (?, ?, ?)"

    /// A row tells of the time up to the next: it goes when that is too old as well.
    ///
    /// One at a time, as with steps.
    private static let forgettingSQL = """
        DELETE FROM tunnelEndpoint WHERE tunnel = :tunnel
            AND id = (SELECT min(id) FROM tunnelEndpoint WHERE tunnel = :tunnel)
            AND ((SELECT time FROM tunnelEndpoint WHERE tunnel = :tunnel ORDER BY id LIMIT 1 OFFSET 1) < :limit
                OR (SELECT count(*) FROM tunnelEndpoint WHERE tunnel = :tunnel) > :most)
        """
}
