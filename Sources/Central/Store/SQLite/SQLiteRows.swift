internal import Foundation
internal import GRDB
internal import Wire

extension RegistryRows {
    /// The rows of the registry's file, inside a write transaction.
    init(_ database: Database) {
        let tunnels = SQLiteTunnelRows(database: database)
        self.init(
            pops: SQLitePoPRows(database: database),
            prefixes: SQLitePrefixRows(database: database),
            tunnels: tunnels,
            subnets: SQLiteSubnetRows(of: tunnels),
            users: SQLiteUserRows(database: database),
            settings: SQLiteSettingRows(database: database),
            endpoints: SQLiteEndpointRows(database: database),
            accounts: SQLiteAccountRows(database: database)
        )
    }
}

extension Database {
    /// The first value of a statement that is prepared once: imports ask tens of thousands of times.
    fileprivate func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
        _ sql: String,
        _ arguments: StatementArguments = []
    ) throws -> Value? {
        try Value.fetchOne(try self.cachedStatement(sql: sql), arguments: arguments)
    }

    /// How many rows there are.
    fileprivate func count(_ source: String, _ arguments: StatementArguments) throws -> Int {
        try self.value("SELECT count(*) FROM \(source)", arguments) ?? 0
    }
}

/// Rows of `pop`.
struct SQLitePoPRows: PoPRows {
    let database: Database

    func all() throws -> [PoP] {
        try PoPRecord.fetchAll(self.database, sql: "SELECT * FROM pop ORDER BY id").map(\.pop)
    }

    func pop(named name: PoPName) throws -> PoP? {
        let statement = try self.database.cachedStatement(sql: "SELECT * FROM pop WHERE name = ?")
        return try PoPRecord.fetchOne(statement, arguments: [name.description])?.pop
    }

    func pop(_ id: Int) throws -> PoP? { try PoPRecord.fetchOne(self.database, key: id)?.pop }

    func conflicting(with pop: PoP) throws -> PoP? {
        let sql =
            "SELECT * FROM pop WHERE id <> :id AND (ipv4 = :ipv4 OR ipv6 = :ipv6) OR id = :id AND name <> :name"
        let arguments: StatementArguments = [
            "id": pop.id, "name": pop.name.description, "ipv4": pop.ipv4.description,
            "ipv6": pop.ipv6.description,
        ]
        return try PoPRecord.fetchOne(self.database, sql: sql, arguments: arguments)?.pop
    }

    func name(ofPoPAt address: IPAddress) throws -> PoPName? {
        let sql = "SELECT name FROM pop WHERE ipv4 = :address OR ipv6 = :address"
        let name: String? = try self.database.value(sql, ["address": address.description])
        return try name.map { try PoPName(parsing: $0) }
    }

    func formerNames() throws -> [FormerName] {
        let sql = "SELECT popID, name, until FROM formerName ORDER BY id"
        return try Row.fetchAll(self.database, sql: sql).map { row in
            FormerName(
                popID: row["popID"],
                name: try row.parsed("name") { try PoPName(parsing: $0) },
                until: Date(milliseconds: row["until"])
            )
        }
    }

    func insert(_ former: FormerName) throws {
        try self.database.execute(
            sql: "INSERT INTO formerName (popID, name, until) VALUES (?, ?, ?)",
            arguments: [former.popID, former.name.description, former.until.milliseconds]
        )
    }

    func insert(_ pop: PoP) throws { try PoPRecord(pop).insert(self.database) }

    func update(_ pop: PoP) throws { try PoPRecord(pop).update(self.database) }

    func delete(_ pop: PoP) throws { try PoPRecord(pop).delete(self.database) }
}

/// Rows of `prefix`.
struct SQLitePrefixRows: PrefixRows {
    let database: Database

    func prefix(_ prefix: IPv6Prefix) throws -> RoutedPrefix? {
        let sql = "SELECT * FROM prefix WHERE text = ?"
        return try PrefixRecord.fetchOne(self.database, sql: sql, arguments: [prefix.description])?.routed
    }

    func prefixes(of popID: Int, _ kind: PrefixKind) throws -> [RoutedPrefix] {
        try PrefixRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM prefix WHERE popID = ? AND kind = ? ORDER BY lower",
            arguments: [popID, kind.rawValue]
        ).map(\.routed)
    }

    /// Prefixes are disjoint, so only the one with the nearest lower bound can overlap another.
    func overlapping(_ prefix: IPv6Prefix) throws -> RoutedPrefix? {
        let statement = try self.database.cachedStatement(
            sql: """
                SELECT * FROM (SELECT * FROM prefix WHERE lower <= ? ORDER BY lower DESC LIMIT 1) WHERE upper >= ?
                """
        )
        return try PrefixRecord.fetchOne(
            statement,
            arguments: [prefix.lastAddress.octets, prefix.address.octets]
        )?.routed
    }

    func insert(_ prefix: RoutedPrefix) throws { try PrefixRecord(prefix).insert(self.database) }

    func delete(_ prefix: RoutedPrefix) throws {
        try self.database.execute(
            sql: "DELETE FROM prefix WHERE text = ?",
            arguments: [prefix.prefix.description]
        )
    }
}

/// Rows of `tunnel`, and the numbers that were ever given.
struct SQLiteTunnelRows: TunnelRows {
    fileprivate let file: Database
    private let added: RowBatch

    init(database: Database) {
        self.file = database
        self.added = RowBatch(TunnelRecord.insertion, of: TunnelRecord.row, into: database)
    }

    /// The file, which whoever asks finds with all rows in it.
    var database: Database {
        get throws {
            try self.added.flush()
            return self.file
        }
    }

    func flush() throws { try self.added.flush() }

    func tunnel(_ number: TunnelNumber) throws -> Tunnel? {
        let statement = try self.database.cachedStatement(
            sql: "SELECT \(TunnelRecord.columns) FROM tunnel WHERE number = ?"
        )
        return try TunnelRecord.fetchOne(statement, arguments: [Int64(number.rawValue)])?.tunnel
    }

    func count(ofPoP popID: Int) throws -> Int { try self.database.count("tunnel WHERE popID = ?", [popID]) }

    func count(of owner: UserHandle) throws -> Int {
        try self.database.count("tunnel WHERE owner = ?", [owner.description])
    }

    func highestNumber() throws -> Int64 {
        try self.database.value("SELECT max(number) FROM tunnelNumber") ?? 0
    }

    func wasGiven(_ number: TunnelNumber) throws -> Bool {
        try self.database.count("tunnelNumber WHERE number = ?", [Int64(number.rawValue)]) > 0
    }

    func givenNumbers() throws -> Set<TunnelNumber> { try SQLiteRegistry.givenNumbers(in: self.database) }

    func tunnels(ofPoP popID: Int) throws -> [Tunnel] {
        let sql = "SELECT \(TunnelRecord.columns) FROM tunnel WHERE popID = ?"
        return try TunnelRecord.fetchAll(self.database, sql: sql, arguments: [popID]).map(\.tunnel)
    }

    func tunnels(of owner: UserHandle) throws -> [Tunnel] {
        let sql = "SELECT \(TunnelRecord.columns) FROM tunnel WHERE owner = ? ORDER BY number"
        return try TunnelRecord.fetchAll(self.database, sql: sql, arguments: [owner.description]).map(
            \.tunnel
        )
    }

    func lowestFreeTID(of popID: Int, from lowest: UInt16) throws -> UInt16 {
        let sql = "SELECT tid FROM tunnel WHERE popID = ? AND tid >= ? ORDER BY tid"
        let taken = try UInt16.fetchCursor(
            try self.database.cachedStatement(sql: sql),
            arguments: [popID, Int64(lowest)]
        )
        var lowest = lowest
        while let tid = try taken.next(), tid == lowest { lowest += 1 }
        return lowest
    }

    func number(at popID: Int, tid: TID) throws -> TunnelNumber? {
        try self.number(
            "SELECT number FROM tunnel WHERE popID = ? AND tid = ?",
            [popID, Int64(tid.rawValue)]
        )
    }

    func number(at popID: Int, endpoint: IPAddress) throws -> TunnelNumber? {
        try self.number(
            "SELECT number FROM tunnel WHERE popID = ? AND endpoint = ?",
            [popID, endpoint.description]
        )
    }

    func lowestNumber(endingAt address: IPAddress) throws -> TunnelNumber? {
        try self.number("SELECT min(number) FROM tunnel WHERE endpoint = ?", [address.description])
    }

    func insert(_ tunnel: Tunnel) throws {
        if self.added.isFull { try self.flush() }
        self.added.append(TunnelRecord(tunnel).values)
    }

    func update(_ tunnel: Tunnel) throws { try TunnelRecord(tunnel).update(self.database) }

    func delete(_ tunnel: Tunnel) throws { try TunnelRecord(tunnel).delete(self.database) }

    private func number(_ sql: String, _ arguments: StatementArguments) throws -> TunnelNumber? {
        let number: Int64? = try self.database.value(sql, arguments)
        return try number.map { number in
            guard let number = UInt32(exactly: number).flatMap(TunnelNumber.init(rawValue:)) else {
                throw RegistryError.unusable("the database holds a bad tunnel number: \(number)")
            }
            return number
        }
    }
}

/// Rows of `subnet`.
struct SQLiteSubnetRows: SubnetRows {
    private let tunnels: SQLiteTunnelRows
    private let added: RowBatch

    /// Creates the rows of a transaction; the tunnels that they name are written before them.
    init(of tunnels: SQLiteTunnelRows) {
        self.tunnels = tunnels
        self.added = RowBatch(SubnetRecord.insertion, of: SubnetRecord.row, into: tunnels.file)
    }

    /// The file, which whoever asks finds with all rows in it.
    private var database: Database {
        get throws {
            try self.flush()
            return try self.tunnels.database
        }
    }

    func flush() throws {
        try self.tunnels.flush()
        try self.added.flush()
    }

    func subnet(_ prefix: IPv6Prefix) throws -> Subnet? {
        let statement = try self.database.cachedStatement(
            sql: "SELECT \(SubnetRecord.columns) FROM subnet WHERE text = ?"
        )
        return try SubnetRecord.fetchOne(statement, arguments: [prefix.description])?.subnet
    }

    func count(of tunnel: TunnelNumber) throws -> Int {
        try self.database.count("subnet WHERE tunnel = ?", [Int64(tunnel.rawValue)])
    }

    func prefixes(of tunnel: TunnelNumber) throws -> [IPv6Prefix] {
        try SubnetRecord.fetchAll(
            self.database,
            sql: "SELECT \(SubnetRecord.columns) FROM subnet WHERE tunnel = ? ORDER BY lower",
            arguments: [Int64(tunnel.rawValue)]
        ).map(\.subnet.prefix)
    }

    func prefixes(in source: IPv6Prefix) throws -> [IPv6Prefix] {
        try SubnetRecord.fetchAll(
            self.database,
            sql:
                "SELECT \(SubnetRecord.columns) FROM subnet WHERE prefixID = (SELECT id FROM prefix WHERE text = ?)",
            arguments: [source.description]
        ).map(\.subnet.prefix)
    }

    func insert(_ subnet: Subnet, in source: IPv6Prefix) throws {
        if self.added.isFull { try self.flush() }
        self.added.append(SubnetRecord.values(of: subnet, in: source))
    }

    func delete(_ subnet: Subnet) throws {
        try self.database.execute(
            sql: "DELETE FROM subnet WHERE text = ?",
            arguments: [subnet.prefix.description]
        )
    }
}

/// Rows of `user`.
struct SQLiteUserRows: UserRows {
    let database: Database

    func user(_ handle: UserHandle) throws -> User? {
        try UserRecord.fetchOne(self.database, key: handle.description)?.user
    }

    func handles() throws -> [UserHandle] {
        try String.fetchAll(self.database, sql: "SELECT handle FROM user").map { try UserHandle(parsing: $0) }
    }

    func insert(_ user: User) throws { try UserRecord(user).insert(self.database) }

    func update(_ user: User) throws { try UserRecord(user).update(self.database) }

    func delete(_ user: User) throws { try UserRecord(user).delete(self.database) }
}

/// Rows of `audit` and `setting`.
struct SQLiteSettingRows: SettingRows {
    private let database: Database
    private let lines: RowBatch

    init(database: Database) {
        self.database = database
        self.lines = RowBatch(
            "INSERT INTO audit (time, author, action, subject, before, after, popID)",
            of: "(?, ?, ?, ?, ?, ?, ?)",
            into: database
        )
    }

    func append(_ row: AuditRow) throws {
        if self.lines.isFull { try self.flush() }
        self.lines.append([
            row.time.milliseconds.databaseValue, row.author.databaseValue, row.action.databaseValue,
            row.subject.databaseValue, .init(row.before), .init(row.after), .init(row.popID),
        ])
    }

    func flush() throws { try self.lines.flush() }

    func forgetPerson(_ handle: UserHandle) throws {
        try self.database.execute(
            sql: """
                UPDATE audit SET before = json_replace(before, '$.name', '', '$.mail', ''),
                    after = json_replace(after, '$.name', '', '$.mail', '')
                WHERE subject = 'user ' || ? COLLATE NOCASE
                """,
            arguments: [handle.description]
        )
    }

    func waves() throws -> WavePolicy { try SQLiteRegistry.waves(in: self.database) }

    func set(_ waves: WavePolicy) throws {
        try self.database.execute(
            sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('waves', ?)",
            arguments: [try JSONText.compact(waves)]
        )
    }
}
