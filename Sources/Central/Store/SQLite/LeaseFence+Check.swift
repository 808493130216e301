internal import GRDB

extension LeaseFence {
    /// Checks that the leases under which something is written are still had, in the transaction that writes it.
    ///
    /// - Throws: ``RegistryError/refused(_:)`` when another holder had one since.
    static func check(_ fences: [LeaseFence], in database: Database) throws {
        for fence in fences {
            let sql = "SELECT holder, term, expires FROM lease WHERE name = ?"
            let row = try Row.fetchOne(database, sql: sql, arguments: [fence.lease.purpose.rawValue])
            guard let row, row["holder"] == fence.lease.holder, row["term"] == fence.term,
                row["expires"] as Int64 > 0
            else {
                let other = row.map { $0["holder"] as String } ?? "nobody"
                throw RegistryError.refused(
                    "nothing was written: the lease of term \(fence.term) was lost to \(other)"
                )
            }
        }
    }
}
