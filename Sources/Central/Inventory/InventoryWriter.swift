internal import Wire

/// Writes PoPs as the files that ``InventoryReader`` reads: what it reads of them is what was written.
struct InventoryWriter {
    /// A file of the inventory, and where it stands in the folder.
    struct File: Hashable, Sendable {
        let path: String
        let text: String
    }

    /// All files, the one about the fleet first.
    let files: [File]

    init(_ snapshot: FleetSnapshot) {
        let fleet = File(path: "fleet.yaml", text: Self.text(of: snapshot.waves))
        self.files =
            [fleet]
            + snapshot.pops.map { pop in
                File(path: "pops/\(pop.name).yaml", text: Self.text(of: pop, snapshot.prefixes(of: pop.id)))
            }
    }

    private static func text(of waves: WavePolicy) -> String {
        """
        waves:
          share: \(waves.share)
          settle: \(waves.settle)
          tunnel-drop: \(waves.tunnelDrop)
          error-jump: \(waves.errorJump)
          confirm: \(waves.confirm)

        """
    }

    /// What is as it is for every PoP is left out.
    private static func text(of pop: PoP, _ prefixes: [RoutedPrefix]) -> String {
        let usual = PoPDefaults()
        var lines = ["id: \(pop.id)", "name: \(pop.name)"]
        func add(_ key: String, _ value: String, unless isUsual: Bool, in indentation: String = "") {
            if !isUsual { lines.append("\(indentation)\(key): \(Self.scalar(value))") }
        }
        add("city", pop.city, unless: pop.city.isEmpty)
        add("country", pop.country, unless: pop.country.isEmpty)
        add("ipv4", "\(pop.ipv4)", unless: false)
        add("ipv6", "\(pop.ipv6)", unless: false)
        lines += Self.account(of: pop, usual)
        add("control", "\(pop.control)", unless: pop.control == usual.control)
        add("mtu", "\(pop.tunnelMTU)", unless: pop.tunnelMTU == usual.tunnelMTU)
        add("enabled", "\(pop.isEnabled)", unless: pop.isEnabled == usual.isEnabled)
        add("canary", "\(pop.isCanary)", unless: !pop.isCanary)
        add("poll", "\(pop.pollInterval)", unless: pop.pollInterval == usual.pollInterval)
        lines += Self.lines(of: prefixes)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func account(of pop: PoP, _ usual: PoPDefaults) -> [String] {
        let values: [(key: String, value: String?, usual: String?)] = [
            ("host", pop.ssh.host, nil), ("user", pop.ssh.user, usual.sshUser),
            ("port", "\(pop.ssh.port)", "\(usual.sshPort)"), ("key", pop.ssh.keyFile, usual.sshKeyFile),
        ]
        let lines = values.compactMap { row in
            row.value.flatMap { $0.isExactly(row.usual ?? "") ? nil : "  \(row.key): \(Self.scalar($0))" }
        }
        return lines.isEmpty ? [] : ["ssh:"] + lines
    }

    private static func lines(of prefixes: [RoutedPrefix]) -> [String] {
        let tunnel = prefixes.filter { $0.kind == .tunnel }.map { "  tunnel: \(Self.scalar("\($0.prefix)"))" }
        let subnets = prefixes.filter { $0.kind == .subnet }.map { "    - \(Self.scalar("\($0.prefix)"))" }
        let lines = tunnel + (subnets.isEmpty ? [] : ["  subnets:"] + subnets)
        return lines.isEmpty ? [] : ["prefixes:"] + lines
    }

    /// A value as YAML takes it for a text: bare where nothing in it means anything, else in quotes.
    static func scalar(_ text: String) -> String {
        let isBare = text.utf8.allSatisfy(Self.isPlain) && text.utf8.first.map(Self.isFirst) == true
        guard !isBare || text.hasSuffix(":") || Self.words.contains(text.lowercased()) else { return text }
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\\", "\"": "\\\(scalar)"
            case Unicode.Scalar(0)..<" ", "\u{7f}":
                "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// Letters, digits, and what addresses, names of hosts and paths have besides.
    private static func isPlain(_ octet: UInt8) -> Bool {
        Self.isFirst(octet) || [0x2d, 0x2e, 0x3a, 0x40, 0x5f].contains(octet)
    }

    private static func isFirst(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x61...0x7a).contains(octet | 0x20) && octet < 0x80
            || octet == UInt8(ascii: "/")
    }

    /// What YAML means something else by.
    private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
}
