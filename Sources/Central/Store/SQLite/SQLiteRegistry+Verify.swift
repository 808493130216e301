internal import GRDB
internal import Wire

extension SQLiteRegistry {
    func violations() async throws -> [String] {
        try await self.store.reading { database in
            try Self.rules.flatMap { try String.fetchAll(database, sql: $0) }
                + Self.danglingReferences(in: database) + Self.misplacedAddresses(in: database)
        }
    }

    /// Addresses of PoPs, endpoints and prefixes that cannot be what they are there for.
    private static func misplacedAddresses(in database: Database) throws -> [String] {
        let pops = try PoPRecord.fetchAll(database, sql: "SELECT * FROM pop ORDER BY id").map(\.pop)
        let records = try PrefixRecord.fetchAll(database, sql: "SELECT * FROM prefix ORDER BY lower")
        let prefixes = records.map(\.routed.prefix)
        let own = FleetAddresses(of: pops, prefixes: prefixes)
        var sentences: [String] = []
        for pop in pops {
            for address in [IPAddress.ipv4(pop.ipv4), .ipv6(pop.ipv6)] {
                if !address.isReachableUnicast {
                    sentences.append("PoP \(pop.name) has \(address), which is not the address of one host")
                }
                if let prefix = own.prefix(around: address) {
                    sentences.append("PoP \(pop.name) has \(address), which lies in prefix \(prefix)")
                }
            }
        }
        for prefix in prefixes where !prefix.isRoutableUnicast {
            sentences.append("prefix \(prefix) is not of unicast addresses that can be routed")
        }
        return try sentences + Self.misplacedEndpoints(in: database, own) + Self.badTexts(in: database)
    }

    private static func misplacedEndpoints(in database: Database, _ own: FleetAddresses) throws -> [String] {
        let sql = "SELECT number, endpoint FROM tunnel WHERE endpoint IS NOT NULL ORDER BY number"
        var sentences: [String] = []
        let ends = try Row.fetchCursor(database, sql: sql)
        while let end = try ends.next() {
            let (number, text): (Int64, String) = (end["number"], end["endpoint"])
            guard let address = try? IPAddress(parsing: text) else {
                sentences.append("T\(number) ends at \"\(text)\", which is not an address")
                continue
            }
            if let name = own.pop(at: address) {
                sentences.append("T\(number) ends at \(address), the own address of PoP \(name)")
            } else if let prefix = own.prefix(around: address) {
                sentences.append("T\(number) ends at \(address), which lies in prefix \(prefix)")
            } else if !address.isReachableUnicast {
                sentences.append("T\(number) ends at \(address), which is not the address of one host")
            }
        }
        return sentences
    }

    /// Texts that no command would have let in.
    private static func badTexts(in database: Database) throws -> [String] {
        var sentences: [String] = []
        let tunnels = try Row.fetchCursor(
            database,
            sql: """
                SELECT number, password FROM tunnel WHERE password IS NOT NULL
                UNION SELECT number, oldPassword FROM tunnel WHERE oldPassword IS NOT NULL ORDER BY number
                """
        )
        while let tunnel = try tunnels.next() {
            guard (try? Password(parsing: tunnel["password"] as String)) == nil else { continue }
            sentences.append(
                "T\(tunnel["number"] as Int64) has a password that daemons refuse: set another"
            )
        }
        let served = try Row.fetchCursor(
            database,
            sql: "SELECT number, nameServers FROM tunnel WHERE nameServers IS NOT NULL ORDER BY number"
        )
        while let tunnel = try served.next() {
            guard (try? DomainName.list(tunnel["nameServers"])) == nil else { continue }
            sentences.append(
                "T\(tunnel["number"] as Int64) has name servers that are no names of hosts: set others"
            )
        }
        let hosts = try Row.fetchCursor(
            database,
            sql: "SELECT name, sshHost FROM pop WHERE sshHost IS NOT NULL ORDER BY name"
        )
        while let pop = try hosts.next() {
            let (name, host): (String, String) = (pop["name"], pop["sshHost"])
            guard (try? FreeText.host(host)) == nil else { continue }
            sentences.append(
                "PoP \(name) has the SSH host \"\(host)\", which is neither an address nor a name"
            )
        }
        return try sentences + Self.badWebPasswords(in: database)
    }

    /// What is kept of passwords that no login could be compared with.
    private static func badWebPasswords(in database: Database) throws -> [String] {
        var sentences: [String] = []
        let users = try Row.fetchCursor(
            database,
            sql: "SELECT handle, webPassword FROM user WHERE webPassword IS NOT NULL ORDER BY handle"
        )
        while let user = try users.next() {
            guard WebPasswordHash(stored: user["webPassword"]) == nil else { continue }
            sentences.append(
                "user \(user["handle"] as String) has a password for the pages with which nobody can log in: "
                    + "make a link with sixxs-central user invite"
            )
        }
        return sentences
    }

    private static func danglingReferences(in database: Database) throws -> [String] {
        try database.foreignKeyViolations().reduce(into: [String]()) { sentences, violation in
            let row = violation.originRowID.map { "row \($0)" } ?? "a row"
            sentences.append(
                "\(row) of \(violation.originTable) names a \(violation.destinationTable) that does not exist"
            )
        }
    }

    /// Each finds what breaks one rule, and says so in a sentence.
    ///
    /// The schema keeps all of them; here they are asked again in other words, for databases that somebody wrote to
    /// without it.
    private static let rules = [
        """
        SELECT format('prefix %s overlaps %s', text, before) FROM
            (SELECT text, lower, lag(text) OVER (ORDER BY lower) AS before,
                max(upper) OVER (ORDER BY lower ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach FROM prefix)
        WHERE reach >= lower
        """,
        """
        SELECT format('subnet %s overlaps %s', text, before) FROM
            (SELECT text, lower, lag(text) OVER (ORDER BY lower) AS before,
                max(upper) OVER (ORDER BY lower ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach FROM subnet)
        WHERE reach >= lower
        """,
        """
        SELECT format('subnet %s of T%d does not lie in a subnet prefix of its PoP', subnet.text, subnet.tunnel)
        FROM subnet JOIN tunnel ON tunnel.number = subnet.tunnel LEFT JOIN prefix ON prefix.id = subnet.prefixID
        WHERE prefix.id IS NULL OR prefix.kind <> 'subnet' OR prefix.popID <> tunnel.popID
            OR subnet.lower < prefix.lower OR subnet.upper > prefix.upper OR subnet.length <> prefix.length + 8
        """,
        """
        SELECT format('T%d is at PoP %d, which has no tunnel prefix', number, popID) FROM tunnel
        WHERE NOT EXISTS (SELECT 1 FROM prefix WHERE prefix.popID = tunnel.popID AND kind = 'tunnel')
        """,
        """
        SELECT format('%d tunnels of PoP %d have tid %x', count(*), popID, tid) FROM tunnel
        GROUP BY popID, tid HAVING count(*) > 1
        """,
        """
        SELECT format('%d static tunnels of PoP %d have the endpoint %s', count(*), popID, endpoint) FROM tunnel
        WHERE endpoint IS NOT NULL GROUP BY popID, endpoint HAVING count(*) > 1
        """,
        """
        SELECT format('T%d has tid %x and MTU %d: a tid is 0 to 1fff, an MTU 1280 to 1480', number, tid, mtu) FROM tunnel
        WHERE tid NOT BETWEEN 0 AND 8191 OR mtu NOT BETWEEN 1280 AND 1480
        """,
        """
        SELECT format('T%d is %s, and has no %s', number, type, iif(type = 'static', 'endpoint', 'password')) FROM tunnel
        WHERE (type = 'static') <> (endpoint IS NOT NULL) OR (type <> 'static') <> (password IS NOT NULL)
        """,
        """
        SELECT format('T%d is not in the list of numbers that were given', number) FROM tunnel
        WHERE NOT EXISTS (SELECT 1 FROM tunnelNumber WHERE tunnelNumber.number = tunnel.number)
        """,
        """
        SELECT format('PoP %d has %d subnet prefixes: 16 is the most', popID, count(*)) FROM prefix
        WHERE kind = 'subnet' GROUP BY popID HAVING count(*) > 16
        """,
        """
        SELECT format('PoP %d has %d tunnel prefixes: one is the most', popID, count(*)) FROM prefix
        WHERE kind = 'tunnel' GROUP BY popID HAVING count(*) > 1
        """,
        """
        SELECT format('%d PoPs share %s', count(*), address) FROM
            (SELECT ipv4 AS address FROM pop UNION ALL SELECT ipv6 FROM pop UNION ALL SELECT name FROM pop)
        GROUP BY address HAVING count(*) > 1
        """,
        """
        SELECT format('T%d is enabled, but its user %s is suspended', number, owner) FROM tunnel
        JOIN user ON user.handle = tunnel.owner WHERE user.suspension IS NOT NULL AND tunnel.enabled
        """,
        "SELECT format('PoP %s has id %d: 1 to 4095 is right', name, id) FROM pop WHERE id NOT BETWEEN 1 AND 4095",
    ]
}
