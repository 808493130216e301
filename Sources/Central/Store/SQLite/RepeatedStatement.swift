internal import GRDB
internal import GRDBSQLite

/// A statement that runs for tens of thousands of rows, whose values are bound to SQLite directly.
///
/// GRDB makes a value of its own of each argument and of each column, which costs more than what SQLite does with the row.
struct RepeatedStatement {
    /// Keeps the pointer alive.
    private let statement: Statement
    private let database: Database
    private var pointer: SQLiteStatement { self.statement.sqliteStatement }

    /// Prepares a statement, or takes the one that was prepared of the same text before.
    init(_ database: Database, _ sql: String) throws {
        self.database = database
        self.statement = try database.cachedStatement(sql: sql)
        try self.reset()
    }

    /// Binds the parameter of a number, from 1.
    func bind(_ value: Int64?, at index: Int) throws {
        if let value {
            try self.check(sqlite3_bind_int64(self.pointer, Int32(index), value))
        } else {
            try self.check(sqlite3_bind_null(self.pointer, Int32(index)))
        }
    }

    /// Binds the parameter of a number, from 1.
    func bind(_ text: String?, at index: Int) throws {
        guard var text else { return try self.bind(nil as Int64?, at: index) }
        let code = text.withUTF8 { octets in
            octets.withMemoryRebound(to: CChar.self) {
                // An empty text has no place in memory, which SQLite would take for null.
                $0.baseAddress.map {
                    sqlite3_bind_text(self.pointer, Int32(index), $0, Int32(octets.count), Self.copied)
                } ?? sqlite3_bind_text(self.pointer, Int32(index), "", 0, Self.copied)
            }
        }
        try self.check(code)
    }

    /// Binds the parameter of a number, from 1.
    func bind(_ octets: [UInt8]?, at index: Int) throws {
        guard let octets, !octets.isEmpty else { return try self.bind(nil as Int64?, at: index) }
        let code = octets.withUnsafeBytes {
            sqlite3_bind_blob(self.pointer, Int32(index), $0.baseAddress, Int32($0.count), Self.copied)
        }
        try self.check(code)
    }

    /// SQLite copies what it is given: `SQLITE_TRANSIENT`, a macro that Swift does not see.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// Carries the statement out with what is bound; the values stay bound.
    func run() throws {
        while try self.next() {}
    }

    /// Steps to the next row of the result; false after the last, when the statement can be run again.
    func next() throws -> Bool {
        switch sqlite3_step(self.pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            try self.reset()
            return false
        case let code:
            let error = DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: self.database.lastErrorMessage
            )
            sqlite3_reset(self.pointer)
            throw error
        }
    }

    /// A column of the row, from 0; nil for null.
    func integer(_ column: Int) -> Int64? {
        guard sqlite3_column_type(self.pointer, Int32(column)) != SQLITE_NULL else { return nil }
        return sqlite3_column_int64(self.pointer, Int32(column))
    }

    /// A column of the row, from 0; nil for null.
    func text(_ column: Int) -> String? {
        sqlite3_column_text(self.pointer, Int32(column)).map { String(cString: $0) }
    }

    /// A column of the row, from 0; nil for null.
    func octets(_ column: Int) -> [UInt8]? {
        let count = sqlite3_column_bytes(self.pointer, Int32(column))
        return sqlite3_column_blob(self.pointer, Int32(column)).map {
            Array(UnsafeRawBufferPointer(start: $0, count: Int(count)))
        }
    }

    /// Ends what runs, so that the statement can be run again.
    private func reset() throws { try self.check(sqlite3_reset(self.pointer)) }

    private func check(_ code: Int32) throws {
        guard code != SQLITE_OK else { return }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: self.database.lastErrorMessage)
    }
}
