internal import Wire

/// The texts that a file has about one thing, by key; whatever cannot be is noted, with its place.
struct TransferRow {
    let place: TransferPlace
    let texts: [String: CSVReader.Field]
    let problems: TransferProblems

    /// The value of a key; nil when the text is missing or empty, or, with a note, when it is wrong.
    func value<Value>(_ key: String, _ parse: (String) throws -> Value) -> Value? {
        guard let field = self.texts[key], !field.text.isEmpty else { return nil }
        do {
            return try parse(field.text.trimmed)
        } catch let error as SyntaxError {
            // A password is a secret even when it is wrong.
            let found = key == "password" ? error.found : "\"\(error.found)\""
            self.problems.note(field.place, key, expected: error.expected, found: found)
        } catch {
            self.problems.note(field.place, key, expected: "something else", found: "\(error)")
        }
        return nil
    }

    /// The value of a key that must be there.
    func required<Value>(_ key: String, _ what: String, _ parse: (String) throws -> Value) -> Value? {
        guard let field = self.texts[key], !field.text.isEmpty else {
            self.problems.note(self.texts[key]?.place ?? self.place, key, expected: what, found: "nothing")
            return nil
        }
        return self.value(key, parse)
    }

    /// - Throws: ``SyntaxError``.
    static func truth(_ text: String) throws -> Bool {
        switch text.lowercased() {
        case "yes", "true", "1": true
        case "no", "false", "0": false
        default: throw SyntaxError(expected: "yes or no", found: text)
        }
    }
}

extension TransferTunnel {
    /// The keys that a tunnel can have, in the order in which they are written.
    package static let keys = [
        "tunnel", "pop", "tid", "owner", "type", "endpoint", "mtu", "enabled", "user_enabled", "password",
        "subnets", "name_servers", "publish_endpoint",
    ]

    /// Nil, with a note, when it cannot be a tunnel.
    init?(_ row: TransferRow) {
        let name = row.required("pop", "a PoP name such as chtst01", Parsers.popName)
        let type = row.required("type", "static, heartbeat or ayiya", Parsers.tunnelType)
        let number = row.value("tunnel", Parsers.tunnel)
        let tid = row.value("tid", Parsers.tid)
        let owner = row.texts["owner"].flatMap { field -> TunnelAmendment.Owner? in
            field.text.isEmpty ? .nobody : row.value("owner", Parsers.handle).map { .user($0) }
        }
        let endpoint = row.value("endpoint", Parsers.tunnelEnd)
        let mtu = row.value("mtu", Parsers.mtu)
        let isEnabled = row.value("enabled", TransferRow.truth)
        let isUserEnabled = row.value("user_enabled", TransferRow.truth)
        let password = row.value("password") { try Password(parsing: $0) }
        let subnets = Self.subnets(row)
        let nameServers = row.value("name_servers", DomainName.list)
        let publishesEndpoint = row.value("publish_endpoint", TransferRow.truth)
        guard let name, let type, Self.isConsistent(row, type) else { return nil }
        self.init(
            place: row.place,
            number: number,
            pop: name,
            tid: tid,
            owner: owner,
            type: type,
            endpoint: endpoint,
            mtu: mtu,
            isEnabled: isEnabled,
            isUserEnabled: isUserEnabled,
            password: password,
            subnets: subnets,
            nameServers: nameServers,
            publishesEndpoint: publishesEndpoint
        )
    }

    private static func isConsistent(_ row: TransferRow, _ type: TunnelType) -> Bool {
        let endpoint = row.texts["endpoint"].flatMap { $0.text.isEmpty ? nil : $0 }
        let password = row.texts["password"].flatMap { $0.text.isEmpty ? nil : $0 }
        if type == .static, endpoint == nil {
            let place = row.texts["endpoint"]?.place ?? row.place
            row.problems.note(place, "endpoint", expected: "the address of a static tunnel", found: "nothing")
            return false
        }
        if type == .static, let password {
            row.problems.note(password.place, "password", expected: "none for a static tunnel", found: "one")
            return false
        }
        if type != .static, let endpoint {
            let expected = "none for a tunnel of type \(type.rawValue)"
            row.problems.note(endpoint.place, "endpoint", expected: expected, found: endpoint.text)
            return false
        }
        return true
    }

    private static func subnets(_ row: TransferRow) -> [TransferFleet.Entry<IPv6Prefix>] {
        guard let field = row.texts["subnets"] else { return [] }
        // Whoever has more of them in one cell may separate them as his spreadsheet does.
        func isBetween(_ scalar: Unicode.Scalar) -> Bool {
            if scalar == "," || scalar == ";" || scalar == " " { return true }
            return scalar.isASCII ? (0x09...0x0d).contains(scalar.value) : scalar.properties.isWhitespace
        }
        return field.text.unicodeScalars.split(whereSeparator: isBetween).compactMap { word in
            do throws(SyntaxError) {
                return TransferFleet.Entry(
                    value: try IPv6Prefix(parsing: Substring(word)),
                    place: field.place
                )
            } catch {
                row.problems.note(
                    field.place,
                    "subnets",
                    expected: error.expected,
                    found: "\"\(error.found)\""
                )
                return nil
            }
        }
    }
}
