internal import GRDB
internal import Wire

/// A row of `prefix`.
struct PrefixRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "prefix"

    /// The row's own number; nil before it is inserted.
    let id: Int64?
    let routed: RoutedPrefix

    init(_ routed: RoutedPrefix) {
        self.id = nil
        self.routed = routed
    }

    init(row: Row) throws {
        self.id = row["id"]
        self.routed = RoutedPrefix(
            prefix: try row.parsed("text") { try IPv6Prefix(parsing: $0) },
            kind: try row.parsed("kind") { text throws(SyntaxError) in
                guard let kind = PrefixKind(rawValue: text) else {
                    throw SyntaxError(expected: "tunnel or subnet", found: text)
                }
                return kind
            },
            popID: row["popID"]
        )
    }

    func encode(to container: inout PersistenceContainer) {
        container["id"] = self.id
        container["popID"] = self.routed.popID
        container["kind"] = self.routed.kind.rawValue
        container.set(self.routed.prefix)
    }
}

/// A row of `subnet`.
struct SubnetRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "subnet"

    let subnet: Subnet

    /// The row of the subnet prefix that it lies in.
    let prefixID: Int64

    /// What a statement selects of which rows are read: by position, since lists have tens of thousands.
    static let columns = "tunnel, prefixID, text"

    /// Reads a row of ``columns``.
    init(row: Row) throws {
        self.prefixID = row[1]
        self.subnet = Subnet(
            prefix: try row.parsed("text", row[2]) { try IPv6Prefix(parsing: $0) },
            tunnel: try row.required(0, "tunnel") {
                UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:))
            }
        )
    }

    func encode(to container: inout PersistenceContainer) {
        container["tunnel"] = Int64(self.subnet.tunnel.rawValue)
        container["prefixID"] = self.prefixID
        container.set(self.subnet.prefix)
    }

    /// What inserts rows of new subnets.
    static let insertion = "INSERT INTO subnet (tunnel, prefixID, text, length, lower, upper)"

    /// The marks of a new subnet's ``values(of:in:)``.
    static let row = "(?, (SELECT id FROM prefix WHERE text = ?), ?, ?, ?, ?)"

    /// A new subnet's row.
    static func values(of subnet: Subnet, in source: IPv6Prefix) -> [DatabaseValue] {
        let prefix = subnet.prefix
        return [
            Int64(subnet.tunnel.rawValue).databaseValue, source.description.databaseValue,
            prefix.description.databaseValue, prefix.length.databaseValue,
            prefix.address.octets.databaseValue, prefix.lastAddress.octets.databaseValue,
        ]
    }
}

extension PersistenceContainer {
    /// Sets the columns that every table with a prefix has.
    fileprivate mutating func set(_ prefix: IPv6Prefix) {
        self["text"] = prefix.description
        self["length"] = prefix.length
        self["lower"] = prefix.address.octets
        self["upper"] = prefix.lastAddress.octets
    }
}
