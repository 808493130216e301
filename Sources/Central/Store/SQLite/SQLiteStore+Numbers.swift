internal import GRDB
internal import Wire

extension SQLiteStore {
    /// The registry, and every tunnel number that was ever given, as they stood at one instant.
    func numberedSnapshot() async throws -> NumberedSnapshot {
        try await self.reading { database in
            let numbers = try Int64.fetchAll(database, sql: "SELECT number FROM tunnelNumber")
            return NumberedSnapshot(
                snapshot: try Self.snapshot(of: .fleet, in: database),
                numbers: Set(numbers.compactMap { UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:)) })
            )
        }
    }
}
