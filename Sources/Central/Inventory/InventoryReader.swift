internal import Foundation
internal import Wire
internal import Yams

/// Reads `fleet.yaml` and `pops/*.yaml` of a folder.
package struct InventoryReader {
    private static let fleetKeys = ["defaults", "waves"]
    private static let defaultKeys = ["ssh", "control", "mtu", "enabled", "poll"]
    private static let popKeys =
        [
            "id", "name", "city", "country", "ipv4", "ipv6", "ssh", "control", "mtu", "enabled", "poll",
            "canary", "prefixes",
        ]

    private let folder: String
    private let problems = InventoryProblems()

    /// Paths of keys are relative to the inventory, so that it can be moved with them.
    private var base: URL { URL(fileURLWithPath: self.folder, isDirectory: true) }

    package init(folder: String) {
        self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }

    /// Reads everything.
    ///
    /// - Throws: `InventoryError` with all that is wrong.
    package func read() throws -> Inventory {
        let fleet = self.fleetFile()
        let defaults = self.defaults(fleet)
        let waves = self.waves(fleet)
        let entries = try self.popFiles().compactMap { self.entry("pops/\($0)", name: $0, defaults) }
        self.checkUniqueness(entries)
        guard self.problems.all.isEmpty else { throw InventoryError(problems: self.problems.all) }
        return Inventory(pops: entries.map(\.entry).sorted { $0.pop.name < $1.pop.name }, waves: waves)
    }

    private func popFiles() throws -> [String] {
        let folder = "\(self.folder)/pops"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw RegistryError.notFound("there is no folder \(folder): expected one YAML file per PoP in it")
        }
        let visible = names.filter { !$0.hasPrefix(".") && !$0.hasSuffix("~") }.sorted()
        for name in visible where !name.hasSuffix(".yaml") {
            let place = InventoryPlace(file: "\(folder)/\(name)", line: 1, column: 1)
            self.problems.note(place, key: nil, expected: "a file named <PoP>.yaml", found: "\"\(name)\"")
        }
        return visible.filter { $0.hasSuffix(".yaml") }
    }

    /// The document of a file; nil when it is none, which is noted.
    private func document(_ relativePath: String, keys: [String]) -> YAMLSection? {
        let path = "\(self.folder)/\(relativePath)"
        let start = InventoryPlace(file: path, line: 1, column: 1)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            self.problems.note(start, key: nil, expected: "a readable UTF-8 file", found: "none")
            return nil
        }
        do {
            guard let node = try Yams.compose(yaml: text.withoutByteOrderMark) else {
                self.problems.note(
                    start,
                    key: nil,
                    expected: "the keys \(keys.joined(separator: ", "))",
                    found: "nothing"
                )
                return nil
            }
            return YAMLSection(node, file: path, keys: keys, problems: self.problems)
        } catch {
            self.problems.note(error, file: path)
            return nil
        }
    }
}

extension InventoryReader {
    private func fleetFile() -> YAMLSection? {
        guard FileManager.default.fileExists(atPath: "\(self.folder)/fleet.yaml") else { return nil }
        return self.document("fleet.yaml", keys: Self.fleetKeys)
    }

    private func waves(_ fleet: YAMLSection?) -> WavePolicy {
        var waves = WavePolicy()
        let keys = ["share", "settle", "tunnel-drop", "error-jump", "confirm"]
        guard let section = fleet?.section("waves", keys: keys) else { return waves }
        func set(
            _ value: WritableKeyPath<WavePolicy, Int>,
            _ key: String,
            _ range: ClosedRange<Int>,
            _ what: String
        ) {
            let found = section.value(key) { try Parsers.number($0, in: range, what) }
            waves[keyPath: value] = found?.value ?? waves[keyPath: value]
        }
        set(\.share, "share", WavePolicy.shares, "a percentage")
        set(\.settle, "settle", WavePolicy.settles, "a number of seconds")
        set(\.tunnelDrop, "tunnel-drop", WavePolicy.shares, "a percentage")
        set(\.errorJump, "error-jump", WavePolicy.errorJumps, "a number of errors")
        let least = max(WavePolicy.confirms.lowerBound, waves.settle + WavePolicy.confirmMargin)
        set(
            \.confirm,
            "confirm",
            least...max(least, WavePolicy.confirms.upperBound),
            "a number of seconds, settle and \(WavePolicy.confirmMargin) more,"
        )
        return waves
    }

    private func defaults(_ fleet: YAMLSection?) -> PoPDefaults {
        var defaults = PoPDefaults()
        guard let section = fleet?.section("defaults", keys: Self.defaultKeys) else { return defaults }
        let ssh = section.section("ssh", keys: ["user", "port", "key"])
        defaults.sshUser = ssh?.value("user", FreeText.word)?.value ?? defaults.sshUser
        defaults.sshPort = ssh?.value("port", Parsers.port)?.value ?? defaults.sshPort
        defaults.sshKeyFile = ssh?.value("key", self.path)?.value ?? defaults.sshKeyFile
        defaults.control = section.value("control", Parsers.endpoint)?.value ?? defaults.control
        defaults.tunnelMTU = section.value("mtu", Parsers.mtu)?.value ?? defaults.tunnelMTU
        defaults.isEnabled = section.value("enabled", Self.truth)?.value ?? defaults.isEnabled
        defaults.pollInterval =
            section.value("poll", Parsers.pollInterval)?.value ?? defaults.pollInterval
        return defaults
    }

    private func entry(
        _ relativePath: String,
        name fileName: String,
        _ defaults: PoPDefaults
    ) -> LocatedEntry? {
        guard let file = self.document(relativePath, keys: Self.popKeys) else { return nil }
        let prefixes = self.prefixes(of: file)
        let account = self.account(of: file, defaults)
        let city = file.value("city", FreeText.line)?.value ?? ""
        let country = file.value("country", Parsers.country)?.value ?? ""
        let control = file.value("control", Parsers.endpoint)?.value ?? defaults.control
        let mtu = file.value("mtu", Parsers.mtu)?.value ?? defaults.tunnelMTU
        let isEnabled = file.value("enabled", Self.truth)?.value ?? defaults.isEnabled
        let isCanary = file.value("canary", Self.truth)?.value ?? false
        let poll = file.value("poll", Parsers.pollInterval)?.value ?? defaults.pollInterval
        let id = file.required("id", "a PoP id from 1 to 4095", Parsers.popID)
        let name = file.required("name", "a PoP name such as chtst01", Parsers.popName)
        let ipv4 = file.required("ipv4", "an IPv4 address", Parsers.ipv4)
        let ipv6 = file.required("ipv6", "an IPv6 address", Parsers.ipv6)
        guard let id, let name, let ipv4, let ipv6 else { return nil }
        self.check(name, isNameOf: fileName)
        let pop = PoP(
            id: id.value,
            name: name.value,
            city: city,
            country: country,
            ipv4: ipv4.value,
            ipv6: ipv6.value,
            ssh: account,
            control: control,
            tunnelMTU: mtu,
            isEnabled: isEnabled,
            isCanary: isCanary,
            pollInterval: poll
        )
        return LocatedEntry(pop: pop, id: id.place, ipv4: ipv4.place, ipv6: ipv6.place, prefixes: prefixes)
    }

    private func account(of file: YAMLSection, _ defaults: PoPDefaults) -> SSHAccount {
        let ssh = file.section("ssh", keys: ["host", "user", "port", "key"])
        return SSHAccount(
            host: ssh?.value("host", FreeText.host)?.value,
            port: ssh?.value("port", Parsers.port)?.value ?? defaults.sshPort,
            user: ssh?.value("user", FreeText.word)?.value ?? defaults.sshUser,
            keyFile: ssh?.value("key", self.path)?.value ?? defaults.sshKeyFile
        )
    }

    private func check(_ name: Located<PoPName>, isNameOf file: String) {
        guard "\(name.value).yaml" != file else { return }
        self.problems.note(
            name.place,
            key: "name",
            expected: "the name of the file, \(file)",
            found: "\"\(name.value)\""
        )
    }

    private func prefixes(of file: YAMLSection) -> [Located<Inventory.Prefix>] {
        guard let section = file.section("prefixes", keys: ["tunnel", "subnets"]) else { return [] }
        let tunnel = section.value("tunnel") { try Self.prefix($0, .tunnel) }
        let subnets = section.list("subnets") { try Self.prefix($0, .subnet) }
        return [tunnel].compactMap(\.self) + subnets
    }

    private static func prefix(_ text: String, _ kind: PrefixKind) throws -> Inventory.Prefix {
        let prefix = try Parsers.routedPrefix(text)
        guard kind.lengths.contains(prefix.length) else {
            let lengths = kind.lengths.map { "/\($0)" }.joined(separator: " or a ")
            throw SyntaxError(expected: "a \(kind.rawValue) prefix, a \(lengths)", found: text)
        }
        return Inventory.Prefix(kind: kind, prefix: prefix)
    }

    private static func truth(_ text: String) throws -> Bool {
        guard let value = Bool(text) else { throw SyntaxError(expected: "true or false", found: text) }
        return value
    }

    private func path(_ text: String) throws -> String {
        URL(fileURLWithPath: try FreeText.path(text), relativeTo: self.base).standardizedFileURL.path
    }
}

/// A PoP's file with the places of what must be unique in the fleet.
private struct LocatedEntry {
    let pop: PoP
    let id: InventoryPlace
    let ipv4: InventoryPlace
    let ipv6: InventoryPlace
    let prefixes: [Located<Inventory.Prefix>]

    var entry: Inventory.Entry { Inventory.Entry(pop: self.pop, prefixes: self.prefixes.map(\.value)) }
}

extension InventoryReader {
    /// Notes what two files cannot both have.
    private func checkUniqueness(_ entries: [LocatedEntry]) {
        self.checkOnce(entries.map { ($0.pop.id, $0.id) }, key: "id", "an id that no other PoP has")
        self.checkOnce(
            entries.map { ($0.pop.ipv4, $0.ipv4) },
            key: "ipv4",
            "an address that no other PoP has"
        )
        self.checkOnce(
            entries.map { ($0.pop.ipv6, $0.ipv6) },
            key: "ipv6",
            "an address that no other PoP has"
        )
        let prefixes = entries.flatMap(\.prefixes).sorted { $0.value.prefix < $1.value.prefix }
        let own = FleetAddresses(prefixes: prefixes.map(\.value.prefix))
        for entry in entries {
            guard let prefix = own.prefix(around: .ipv6(entry.pop.ipv6)) else { continue }
            self.problems.note(
                entry.ipv6,
                key: "ipv6",
                expected: "an address outside the fleet's prefixes",
                found: "\(entry.pop.ipv6), which lies in \(prefix)"
            )
        }
        // Sorted by address, a prefix that overlaps any before it overlaps the longest-reaching of them.
        var reach: Located<Inventory.Prefix>?
        for prefix in prefixes {
            if let reach, reach.value.prefix.overlaps(prefix.value.prefix) {
                self.problems.note(
                    prefix.place,
                    key: "prefixes",
                    expected: "a prefix that overlaps no other",
                    found: "\(prefix.value.prefix), with \(reach.value.prefix) at \(reach.place)"
                )
            } else {
                reach = prefix
            }
        }
    }

    private func checkOnce<Value: Hashable>(
        _ values: [(Value, InventoryPlace)],
        key: String,
        _ expected: String
    ) {
        var places: [Value: InventoryPlace] = [:]
        for (value, place) in values {
            if let first = places[value] {
                self.problems.note(place, key: key, expected: expected, found: "\(value), as at \(first)")
            } else {
                places[value] = place
            }
        }
    }
}

extension InventoryProblems {
    /// Notes why a text is not YAML.
    fileprivate func note(_ error: any Error, file: String) {
        let wellFormed = "well-formed YAML"
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let place = InventoryPlace(file: file, line: mark.line, column: mark.column)
            self.note(place, key: nil, expected: wellFormed, found: "a mistake: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let place = InventoryPlace(file: file, line: context.mark.line, column: context.mark.column)
            self.note(
                place,
                key: nil,
                expected: "every key once",
                found: "\(keys.joined(separator: ", ")) twice"
            )
        default:
            let place = InventoryPlace(file: file, line: 1, column: 1)
            self.note(place, key: nil, expected: wellFormed, found: "\(error)")
        }
    }
}
