internal import GRDB
internal import Wire

extension TunnelProperty {
    /// An expression over `tunnel JOIN pop`; null is left out.
    fileprivate var sql: String {
        switch self {
        case .owner: "tunnel.owner"
        case .type: "tunnel.type"
        case .pop: "pop.name"
        case .state: "iif(tunnel.enabled AND tunnel.userEnabled, 'enabled', 'disabled')"
        }
    }
}

extension SQLiteRegistry {
    /// How many tunnels there are with each value of a property.
    func tunnelCounts(by property: TunnelProperty) async throws -> [String: Int] {
        if property == .pop { return try await self.tunnelCountsByPoP() }
        let sql = """
            SELECT \(property.sql) AS value, count(*) AS count FROM tunnel JOIN pop ON pop.id = tunnel.popID
            GROUP BY value HAVING value IS NOT NULL
            """
        let rows = try await self.store.reading { database in
            try Row.fetchAll(database, sql: sql).map { ($0["value"] as String, $0["count"] as Int) }
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Pages ask often, and only a change that the audit has makes another answer.
    private func tunnelCountsByPoP() async throws -> [String: Int] {
        try await self.store.reading { database in
            let revision = try Self.revision(in: database)
            if let known = self.store.popCounts.known(at: revision) { return known }
            // By the index of each PoP's tunnels alone.
            let sql = "SELECT name, (SELECT count(*) FROM tunnel WHERE popID = pop.id) AS count FROM pop"
            let rows = try Row.fetchAll(database, sql: sql).map {
                ($0["name"] as String, $0["count"] as Int)
            }
            let counts = Dictionary(uniqueKeysWithValues: rows).filter { $0.value > 0 }
            self.store.popCounts.learn(counts, at: revision)
            return counts
        }
    }

    /// The tunnels of every PoP that has any, by PoP id.
    func tunnelNumbers() async throws -> [Int: Set<TunnelNumber>] {
        try await self.store.reading { database in
            try Row.fetchAll(database, sql: "SELECT popID, number FROM tunnel").reduce(into: [:]) {
                numbers,
                row in
                let number = UInt32(exactly: row["number"] as Int64).flatMap(TunnelNumber.init(rawValue:))
                if let number { numbers[row["popID"] as Int, default: []].insert(number) }
            }
        }
    }

    /// How many users and subnets there are.
    func populationCounts() async throws -> (users: Int, subnets: Int) {
        try await self.store.reading { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM user") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM subnet") ?? 0
            )
        }
    }

    func neverGiven(_ numbers: [TunnelNumber]) async throws -> [TunnelNumber] {
        try await self.store.reading { database in
            let statement = try database.cachedStatement(sql: "SELECT 1 FROM tunnelNumber WHERE number = ?")
            return try numbers.filter { number in
                try Int.fetchOne(statement, arguments: [Int64(number.rawValue)]) == nil
            }
        }
    }

    /// The registry, and every tunnel number that was ever given, as they stood at one instant.
    func numberedSnapshot() async throws -> NumberedSnapshot {
        try await self.store.reading { database in
            NumberedSnapshot(
                snapshot: try Self.snapshot(of: .fleet, in: database),
                numbers: try Self.givenNumbers(in: database)
            )
        }
    }

    static func givenNumbers(in database: Database) throws -> Set<TunnelNumber> {
        let numbers = try Int64.fetchAll(database, sql: "SELECT number FROM tunnelNumber")
        return Set(numbers.compactMap { UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:)) })
    }
}
