internal import GRDB
internal import Synchronization

/// How long the texts of generations are: SQLite reads a whole text to tell, and a generation is never changed.
final class GenerationLengths: Sendable {
    /// A generation's name, and what tells it from one of a PoP that was removed and had the same.
    struct Key: Hashable, Sendable {
        let popID: Int
        let number: Int
        let digest: String
    }

    private let known = Mutex<[Key: Int]>([:])

    /// The lengths of some texts, in characters; others are forgotten.
    ///
    /// - Parameters:
    ///   - keys: Of generations that the database has.
    ///   - database: Asked for what is not known yet.
    /// - Returns: A length for each.
    /// - Throws: GRDB's errors.
    func read(of keys: [Key], in database: Database) throws -> [Key: Int] {
        let known = self.known.withLock(\.self)
        let sql = "SELECT length(text) FROM generation WHERE popID = ? AND number = ?"
        var lengths: [Key: Int] = [:]
        for key in keys where lengths[key] == nil {
            lengths[key] =
                try known[key]
                ?? Int.fetchOne(
                    try database.cachedStatement(sql: sql),
                    arguments: [key.popID, key.number]
                )
        }
        self.known.withLock { [lengths] in $0 = lengths }
        return lengths
    }
}
