internal import Foundation
internal import Wire

extension TransferFleet {
    /// Reads a document that `export` wrote.
    ///
    /// - Throws: ``TransferError`` with everything that is wrong.
    package init(json octets: [UInt8], file: String) throws(TransferError) {
        let problems = TransferProblems()
        try problems.refuseUTF16(octets, file)
        let document = Self.document(octets, file, problems)
        try problems.throwAny()
        guard let document else { return }
        let reader = DocumentReader(file: file, problems: problems)
        self.pops = document.pops.enumerated().compactMap { reader.pop($1, $0) }
        self.prefixes = document.prefixes.enumerated().compactMap { reader.prefix($1, $0) }
        self.users = document.users.enumerated().compactMap { reader.user($1, $0) }
        self.waves = document.waves.map { Entry(value: $0, place: reader.place("waves")) }
        self.tunnels = document.tunnels.enumerated().compactMap { reader.tunnel($1, $0) }
        try problems.throwAny()
    }

    private static func document(
        _ octets: [UInt8],
        _ file: String,
        _ problems: TransferProblems
    ) -> TransferDocument? {
        let place = TransferPlace(file: file)
        do {
            let document = try JSONDecoder().decode(
                TransferDocument.self,
                from: Data(octets.withoutByteOrderMark)
            )
            guard document.format != TransferDocument.format else { return document }
            problems.note(
                place,
                "format",
                expected: "\"\(TransferDocument.format)\"",
                found: "\"\(document.format)\"; was it written by a newer version?"
            )
        } catch let error as DecodingError {
            let (key, found) = error.summary
            problems.note(
                TransferPlace(file: file, item: key),
                nil,
                expected: "what export writes",
                found: found
            )
        } catch {
            problems.note(place, nil, expected: "JSON", found: "\(error)")
        }
        return nil
    }
}

extension DecodingError {
    private func foundWords(_ context: Context) -> String {
        switch self {
        case .valueNotFound: "null"
        case .dataCorrupted where context.codingPath.isEmpty: "something that is not JSON"
        default: context.debugDescription
        }
    }

    /// Where it happened, `tunnels[3].mtu`, and what was there.
    fileprivate var summary: (key: String?, found: String) {
        let (context, missing): (Context, (any CodingKey)?) =
            switch self {
            case .keyNotFound(let key, let context): (context, key)
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, nil)
            @unknown default: (Context(codingPath: [], debugDescription: "\(self)"), nil)
            }
        let path = context.codingPath.reduce(into: "") { text, key in
            text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
        }
        let found = missing.map { "no \($0.stringValue)" } ?? self.foundWords(context)
        return (path.isEmpty ? nil : path, found)
    }
}

/// Turns the texts of a document into values; what is wrong is noted with its place.
private struct DocumentReader {
    let file: String
    let problems: TransferProblems

    func place(_ item: String) -> TransferPlace { TransferPlace(file: self.file, item: item) }

    private func row(_ item: String, _ texts: [String: String?]) -> TransferRow {
        let place = self.place(item)
        let fields = texts.compactMapValues { $0.map { CSVReader.Field(text: $0, place: place) } }
        return TransferRow(place: place, texts: fields, problems: self.problems)
    }

    func pop(_ document: TransferDocument.PoPItem, _ index: Int) -> TransferFleet.Entry<PoP>? {
        let row = self.row("pops[\(index)]", document.texts)
        let hostKey = row.value("hostKey") { try HostKey(parsing: $0) }
        let country = row.value("country", Parsers.country)
        let city = row.value("city", FreeText.line)
        let account = Self.account(row)
        guard let id = row.required("id", "a PoP id", Parsers.popID),
            let name = row.required("name", "a PoP name", Parsers.popName),
            let ipv4 = row.required("ipv4", "an IPv4 address", Parsers.ipv4),
            let ipv6 = row.required("ipv6", "an IPv6 address", Parsers.ipv6),
            let account,
            let control = row.required("control", "an address and port", Parsers.endpoint),
            let mtu = row.required("tunnelMTU", "an MTU", Parsers.mtu),
            let interval = row.required("pollInterval", "seconds", Parsers.pollInterval)
        else { return nil }
        let pop = PoP(
            id: id,
            name: name,
            city: city ?? "",
            country: country ?? "",
            ipv4: ipv4,
            ipv6: ipv6,
            ssh: account,
            hostKey: hostKey,
            control: control,
            tunnelMTU: mtu,
            isEnabled: document.enabled,
            isCanary: document.canary,
            pollInterval: interval
        )
        return TransferFleet.Entry(value: pop, place: row.place)
    }

    private static func account(_ row: TransferRow) -> SSHAccount? {
        let host = row.value("sshHost", FreeText.host)
        guard let user = row.required("sshUser", "the name of a user", FreeText.word),
            let keyFile = row.required("sshKeyFile", "the path of a key", FreeText.path),
            let port = row.required("sshPort", "a port", Parsers.port)
        else { return nil }
        return SSHAccount(host: host, port: port, user: user, keyFile: keyFile)
    }

    func prefix(
        _ document: TransferDocument.PrefixItem,
        _ index: Int
    ) -> TransferFleet.Entry<TransferFleet.Prefix>? {
        let row = self.row(
            "prefixes[\(index)]",
            ["pop": document.pop, "kind": document.kind, "prefix": document.prefix]
        )
        guard let pop = row.required("pop", "a PoP name", Parsers.popName),
            let kind = row.required("kind", "tunnel or subnet", Parsers.prefixKind),
            let prefix = row.required("prefix", "a prefix", Parsers.routedPrefix)
        else { return nil }
        return TransferFleet.Entry(
            value: TransferFleet.Prefix(prefix: prefix, kind: kind, pop: pop),
            place: row.place
        )
    }

    func user(
        _ document: TransferDocument.UserItem,
        _ index: Int
    ) -> TransferFleet.Entry<TransferFleet.Account>? {
        let row = self.row(
            "users[\(index)]",
            [
                "handle": document.handle, "name": document.name, "mail": document.mail,
                "passwordMD5": document.passwordMD5, "passwordSHA256": document.passwordSHA256,
                "role": document.role, "webPassword": document.webPassword,
            ]
        )
        guard let handle = row.required("handle", "a handle", Parsers.handle) else { return nil }
        let md5 = row.value("passwordMD5") { try Self.digest($0, digits: 32) }
        let sha256 = row.value("passwordSHA256") { try Self.digest($0, digits: 64) }
        if (md5 == nil) != (sha256 == nil) {
            self.problems.note(row.place, nil, expected: "both hashes of a password, or none", found: "one")
        }
        let hash = md5.flatMap { md5 in sha256.map { PasswordHash(md5: md5, sha256: $0) } }
        let values = UserAmendment(
            name: row.value("name", FreeText.line) ?? "",
            mail: row.value("mail", FreeText.line) ?? "",
            password: hash,
            role: row.value("role", Parsers.role),
            webPassword: row.value("webPassword", Self.webPassword),
            suspension: document.suspendedTunnels.map { $0.compactMap { try? Parsers.tunnel($0) } }
        )
        return TransferFleet.Entry(
            value: TransferFleet.Account(handle: handle, values: values),
            place: row.place
        )
    }

    /// - Throws: ``SyntaxError``, which does not repeat what logs in.
    private static func webPassword(_ text: String) throws(SyntaxError) -> WebPasswordHash {
        guard let hash = WebPasswordHash(stored: text) else {
            throw SyntaxError(expected: "what scrypt made of a password", found: "something else")
        }
        return hash
    }

    /// - Throws: ``SyntaxError``, which does not repeat what logs in.
    private static func digest(_ text: String, digits: Int) throws(SyntaxError) -> String {
        let isDigest =
            text.utf8.count == digits
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isDigest else {
            throw SyntaxError(
                expected: "\(digits) lower-case hexadecimal digits",
                found: "\(text.utf8.count) octets"
            )
        }
        return text
    }

    func tunnel(_ document: TransferDocument.TunnelItem, _ index: Int) -> TransferTunnel? {
        var texts: [String: String?] = Dictionary(
            uniqueKeysWithValues: zip(TransferTunnel.keys, document.fields)
        )
        texts["owner"] = document.owner ?? ""
        var tunnel = TransferTunnel(self.row("tunnels[\(index)]", texts))
        tunnel?.hidesPassword = document.passwordSet == true
        return tunnel
    }
}

extension TransferDocument.PoPItem {
    /// Its values by key, but for those that are no texts.
    fileprivate var texts: [String: String?] {
        [
            "id": "\(self.id)", "name": self.name, "city": self.city, "country": self.country,
            "sshHost": self.sshHost, "sshUser": self.sshUser, "sshKeyFile": self.sshKeyFile,
            "ipv4": self.ipv4, "ipv6": self.ipv6, "sshPort": "\(self.sshPort)", "hostKey": self.hostKey,
            "control": self.control, "tunnelMTU": "\(self.tunnelMTU)",
            "pollInterval": "\(self.pollInterval)",
        ]
    }
}
