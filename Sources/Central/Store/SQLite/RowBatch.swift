internal import GRDB

/// Rows that wait to be inserted, some by one statement: an import has tens of thousands, and a statement for each costs
/// more than the row itself.
final class RowBatch {
    private static let size = 32

    private let insertion: String
    private let row: String
    private let database: Database
    private var waiting: [DatabaseValue] = []
    private var count = 0

    /// Creates an empty batch.
    ///
    /// - Parameters:
    ///   - insertion: The statement up to its values, such as `INSERT INTO table (a, b)`.
    ///   - row: The marks of one row's values, such as `(?, ?)`.
    ///   - database: Where the rows are inserted.
    init(_ insertion: String, of row: String, into database: Database) {
        self.insertion = insertion
        self.row = row
        self.database = database
    }

    /// Whether it must be flushed before another row is appended.
    var isFull: Bool { self.count == Self.size }

    /// Takes a row, by ``flush()`` at the latest into the file.
    func append(_ values: [DatabaseValue]) {
        self.waiting += values
        self.count += 1
    }

    /// Inserts what waits.
    ///
    /// - Throws: `DatabaseError` when a rule of the schema is broken by any of the rows; none is inserted then.
    func flush() throws {
        guard self.count > 0 else { return }
        let rows = repeatElement(self.row, count: self.count).joined(separator: ", ")
        let statement = try self.database.cachedStatement(sql: "\(self.insertion) VALUES \(rows)")
        try statement.execute(arguments: StatementArguments(self.waiting))
        self.waiting.removeAll(keepingCapacity: true)
        self.count = 0
    }
}

extension DatabaseValue {
    /// The value, or NULL.
    init(_ value: (some DatabaseValueConvertible)?) { self = value?.databaseValue ?? .null }
}
