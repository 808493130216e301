/// One item of a configuration that is added, taken away or changed, and in which fields; without secrets.
public struct ConfigurationItemChange: Hashable, Sendable {
    /// What becomes of the item.
    public enum Kind: Character, Hashable, Sendable {
        case added = "+"
        case changed = "~"
        case removed = "-"
    }

    /// One value before and after.
    public struct Field: Hashable, Sendable {
        /// A word, such as `mtu`; empty for an item that is one value.
        public let name: String

        /// The value as it was; nil where there was none.
        public let old: String?

        /// The value as it will be; nil where there is none.
        public let new: String?

        /// Whether the values are another's secret: it is said that they differ, and not what they are.
        public let isSecret: Bool

        /// Creates a field.
        init(_ name: String, from old: String?, to new: String?, isSecret: Bool = false) {
            self.name = name
            self.old = old
            self.new = new
            self.isSecret = isSecret
        }
    }

    /// What becomes of it.
    public let kind: Kind

    /// `tunnel T7`, `subnet 2001:db8::/48`, `pop tunnelprefix`.
    public let item: String

    /// What it is, of one that comes or goes; else what of it changes.
    public let fields: [Field]

    /// Creates a change.
    init(_ kind: Kind, _ item: String, _ fields: [Field]) {
        self.kind = kind
        self.item = item
        self.fields = fields
    }

    /// Compares the fields of an item; nil when nothing differs.
    fileprivate init?(
        _ item: String,
        from old: [ConfigurationField]?,
        to new: [ConfigurationField]?
    ) {
        let names = (new ?? old ?? []).map(\.name)
        let fields: [Field] = names.compactMap { name in
            let (before, after) = (old?.value(of: name), new?.value(of: name))
            guard before != after else { return nil }
            let isSecret = before != nil && before?.shown == after?.shown
            return Field(
                name,
                from: isSecret ? nil : before?.shown,
                to: isSecret ? nil : after?.shown,
                isSecret: isSecret
            )
        }
        guard !fields.isEmpty else { return nil }
        self.init(old == nil ? .added : new == nil ? .removed : .changed, item, fields)
    }
}

extension ConfigurationItemChange: CustomStringConvertible {
    /// `~tunnel T7: mtu 1280 -> 1480, password changes`; after a `+` or `-` the fields have one value each.
    public var description: String {
        let words = self.fields.map { field in
            let name = field.name.isEmpty ? "" : field.name + " "
            if field.isSecret { return name + "changes" }
            guard self.kind == .changed else { return name + (field.new ?? field.old ?? "") }
            return "\(name)\(field.old ?? "none") -> \(field.new ?? "none")"
        }
        return "\(self.kind.rawValue)\(self.item)" + (words.isEmpty ? "" : ": ")
            + words.joined(separator: ", ")
    }

    /// Reads a line of a daemon's reply; a line of one that writes them otherwise becomes an item without fields.
    ///
    /// - Parameter line: Without a line break.
    public init?(parsing line: String) {
        guard let kind = line.first.flatMap(Kind.init(rawValue:)) else { return nil }
        let rest = line.dropFirst()
        guard let colon = rest.firstRange(of: ": ") else {
            self.init(kind, String(rest), [])
            return
        }
        let item = String(rest[..<colon.lowerBound])
        let words = rest[colon.upperBound...]
        guard !item.hasPrefix("pop ") else {
            self.init(kind, item, [Field(parsing: words, named: "", kind)])
            return
        }
        let fields = words.split(separator: ", ").map { part in
            let name = part.prefix { $0 != " " }
            return Field(parsing: part.dropFirst(name.count + 1), named: String(name), kind)
        }
        self.init(kind, item, fields)
    }
}

extension ConfigurationItemChange.Field {
    fileprivate init(parsing words: Substring, named name: String, _ kind: ConfigurationItemChange.Kind) {
        func value(_ text: Substring) -> String? { text == "none" ? nil : String(text) }
        if let arrow = words.firstRange(of: " -> ") {
            self.init(name, from: value(words[..<arrow.lowerBound]), to: value(words[arrow.upperBound...]))
        } else if kind == .changed {
            self.init(name, from: nil, to: nil, isSecret: true)
        } else {
            let (old, new) = kind == .removed ? (value(words), nil) : (nil, value(words))
            self.init(name, from: old, to: new)
        }
    }
}

/// A field's value as it is compared, and as it is shown.
private struct ConfigurationField: Equatable {
    let name: String
    let shown: String?
    var secret: TunnelPassword?
}

extension [ConfigurationField] {
    fileprivate func value(of name: String) -> ConfigurationField? {
        self.first { $0.name == name && $0.shown != nil }
    }
}

extension Configuration {
    /// What differs from another configuration, item by item and field by field.
    ///
    /// - Parameter old: The configuration that this one takes the place of.
    /// - Returns: The PoP's settings, then tunnels by number, then subnets by prefix.
    public func itemChanges(from old: Configuration) -> [ConfigurationItemChange] {
        let tunnels = Self.changes(self.tunnels, old.tunnels) { $0.number }.compactMap { change in
            (change.new ?? change.old).flatMap {
                ConfigurationItemChange(
                    "tunnel \($0.number)",
                    from: change.old?.fields,
                    to: change.new?.fields
                )
            }
        }
        let (names, oldNames) = (self.tunnelNames, old.tunnelNames)
        let subnets: [ConfigurationItemChange] = Self.changes(self.subnets, old.subnets) { $0.prefix }
            .compactMap { change in
                (change.new ?? change.old).flatMap { subnet in
                    ConfigurationItemChange(
                        "subnet \(subnet.prefix)",
                        from: change.old?.fields(oldNames),
                        to: change.new?.fields(names)
                    )
                }
            }
        return self.pop.changes(from: old.pop) + tunnels + subnets
    }

    /// What differs from another configuration, a line an item; passwords are not shown.
    public func differenceLines(from old: Configuration) -> [String] {
        self.itemChanges(from: old).map(\.description)
    }

    /// `T7`, by place.
    private var tunnelNames: [TID: String] {
        Dictionary(self.tunnels.map { ($0.tid, "\($0.number)") }) { first, _ in first }
    }
}

extension TunnelSettings {
    fileprivate var fields: [ConfigurationField] {
        let (type, endpoint): (String, String?) =
            switch self.remote {
            case .fixed(let address): ("static", "\(address)")
            case .dynamic(let type): (type.rawValue, nil)
            }
        let expiry = self.retiredPassword.map { retired in
            "until " + (UTCTime(retired.expiry).map { "\($0)" } ?? "\(retired.expiry)")
        }
        return [
            ConfigurationField(name: "tid", shown: "\(self.tid)"),
            ConfigurationField(name: "type", shown: type),
            ConfigurationField(name: "endpoint", shown: endpoint),
            ConfigurationField(name: "enabled", shown: self.state == .up ? "yes" : "no"),
            ConfigurationField(name: "mtu", shown: "\(self.mtu)"),
            ConfigurationField(
                name: "password",
                shown: self.password.map { _ in "set" },
                secret: self.password
            ),
            ConfigurationField(name: "old-password", shown: expiry, secret: self.retiredPassword?.password),
        ]
    }
}

extension SubnetSettings {
    fileprivate func fields(_ tunnels: [TID: String]) -> [ConfigurationField] {
        [ConfigurationField(name: "tunnel", shown: tunnels[self.tid] ?? "at tid \(self.tid)")]
    }
}

extension PoPSettings {
    /// A change a setting; of settings that can be there several times, a change a value.
    fileprivate func changes(from old: PoPSettings) -> [ConfigurationItemChange] {
        let (before, after) = (old.values, self.values)
        let names =
            before.map(\.name).filter { name in !after.contains { $0.name == name } } + after.map(\.name)
        return names.compactMap { name in
            let (old, new) = (before.value(of: name)?.shown, after.value(of: name)?.shown)
            guard old != new else { return nil }
            let kind: ConfigurationItemChange.Kind = old == nil ? .added : new == nil ? .removed : .changed
            let value = ConfigurationItemChange.Field("", from: old, to: new)
            return ConfigurationItemChange(kind, "pop \(name)", (new ?? old ?? "").isEmpty ? [] : [value])
        }
    }

    /// By the words that name them: `details 2`, `mtu`, `subnetprefix 2001:db8::/40`.
    private var values: [ConfigurationField] {
        self.lines.map { line in
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "set" where words[1] == "details": return Self.field(words, named: 1...2)
            case "set": return Self.field(words, named: 1...1)
            case "tunnelprefix": return Self.field([words[0]] + words.dropFirst(2), named: 0...0)
            default:
                let name = ([words[0]] + words.dropFirst(2)).joined(separator: " ")
                return ConfigurationField(name: name, shown: "")
            }
        }
    }

    private static func field(_ words: [String], named names: ClosedRange<Int>) -> ConfigurationField {
        ConfigurationField(
            name: words[names].joined(separator: " "),
            shown: words[(names.upperBound + 1)...].joined(separator: " ")
        )
    }
}
