/// What changes of a configuration's tunnels and subnets, as the few lines that say it.
///
/// A line each: `tunnel set config …` and `subnet set config …` as in a whole text, `tunnel remove <tid>` and
/// `subnet remove <prefix>` for what goes away. A tunnel or a subnet is named once.
public struct ConfigurationPatch: Hashable, Sendable {
    /// The longest patch, in octets; what is more is pushed as a whole.
    public static let maximumLength = 256 << 10

    /// The most lines of a patch.
    public static let maximumLineCount = 1024

    /// Tunnels that are added or changed, by tid.
    public private(set) var tunnels: [TunnelSettings] = []

    /// Tunnels that go away, by tid.
    public private(set) var removedTunnels: [TID] = []

    /// Subnets that are added or change their tunnel, by prefix.
    public private(set) var subnets: [SubnetSettings] = []

    /// Subnets that go away, by prefix.
    public private(set) var removedSubnets: [IPv6Prefix] = []

    /// Whether it changes nothing.
    public var isEmpty: Bool { self == ConfigurationPatch() }

    /// How many lines it has.
    public var lineCount: Int {
        self.tunnels.count + self.removedTunnels.count + self.subnets.count + self.removedSubnets.count
    }

    private init() {}

    /// Finds what makes one configuration of another; nil when the PoP's own settings differ, which no patch can say.
    public init?(from old: Configuration, to new: Configuration) {
        guard old.pop == new.pop else { return nil }
        for change in new.tunnelChanges(from: old) {
            if let tunnel = change.new {
                self.tunnels.append(tunnel)
            } else if let old = change.old {
                self.removedTunnels.append(old.tid)
            }
        }
        for change in Configuration.changes(new.subnets, old.subnets, by: { $0.prefix }) {
            if let subnet = change.new {
                self.subnets.append(subnet)
            } else if let old = change.old {
                self.removedSubnets.append(old.prefix)
            }
        }
    }

    /// The configuration that it makes of another, in canonical order; whether that keeps all rules is not checked.
    public func applied(to configuration: Configuration) -> Configuration {
        let tids = Set(self.removedTunnels + self.tunnels.map(\.tid))
        let prefixes = Set(self.removedSubnets + self.subnets.map(\.prefix))
        var configuration = configuration
        configuration.tunnels.removeAll { tids.contains($0.tid) }
        configuration.tunnels += self.tunnels
        configuration.subnets.removeAll { prefixes.contains($0.prefix) }
        configuration.subnets += self.subnets
        configuration.sort()
        return configuration
    }

    /// The lines, passwords included.
    public var text: String {
        let lines =
            self.removedSubnets.map { "subnet remove \($0)" }
            + self.removedTunnels.map { "tunnel remove \($0)" }
            + self.tunnels.map { "tunnel set config \($0.line(passwords: .plain))" }
            + self.subnets.map { "subnet set config \($0.prefix) \($0.tid) static" }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Reads a patch: all of it or nothing.
    ///
    /// - Parameter octets: Lines that end with LF; the last one may lack it.
    /// - Throws: ``ConfigurationError`` with the first thing that is wrong.
    public init(parsing octets: [UInt8]) throws(ConfigurationError) {
        var reader = PatchReader()
        var rest = octets[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            let command = try reader.read(line)
            switch command {
            case .setTunnel(let tunnel): self.tunnels.append(tunnel)
            case .removeTunnel(let tid): self.removedTunnels.append(tid)
            case .setSubnet(let subnet): self.subnets.append(subnet)
            case .removeSubnet(let prefix): self.removedSubnets.append(prefix)
            }
        }
        self.tunnels.sort { $0.tid < $1.tid }
        self.removedTunnels.sort()
        self.subnets.sort { $0.prefix < $1.prefix }
        self.removedSubnets.sort()
    }
}

/// Reads the lines of a patch one by one.
private struct PatchReader {
    enum Command {
        case setTunnel(TunnelSettings)
        case removeTunnel(TID)
        case setSubnet(SubnetSettings)
        case removeSubnet(IPv6Prefix)
    }

    private var line = 0
    private var tids: Set<TID> = []
    private var prefixes: Set<IPv6Prefix> = []

    mutating func read(_ octets: ArraySlice<UInt8>) throws(ConfigurationError) -> Command {
        self.line += 1
        guard self.line <= ConfigurationPatch.maximumLineCount else {
            throw self.error(
                1,
                "a patch of at most \(ConfigurationPatch.maximumLineCount) lines",
                "another"
            )
        }
        guard octets.count <= Configuration.maximumLineLength else {
            throw self.error(
                Configuration.maximumLineLength,
                "a line of at most \(Configuration.maximumLineLength) octets",
                "\(octets.count) octets"
            )
        }
        guard !octets.contains(0), String(validating: octets, as: UTF8.self) != nil else {
            throw self.error(1, "UTF-8 text", "other octets")
        }
        var words = Words(octets: octets)
        let command: Command
        do throws(Words.Failure) { command = try Self.command(&words) } catch {
            throw self.error(error.column, error.expected, error.found)
        }
        let (isNew, name) =
            switch command {
            case .setTunnel(let tunnel): (self.tids.insert(tunnel.tid).inserted, "tid \(tunnel.tid)")
            case .removeTunnel(let tid): (self.tids.insert(tid).inserted, "tid \(tid)")
            case .setSubnet(let subnet):
                (self.prefixes.insert(subnet.prefix).inserted, "subnet \(subnet.prefix)")
            case .removeSubnet(let prefix): (self.prefixes.insert(prefix).inserted, "subnet \(prefix)")
            }
        guard isNew else { throw self.error(1, "\(name) once", "it again") }
        return command
    }

    private static func command(_ words: inout Words) throws(Words.Failure) -> Command {
        let isTunnel = try words.nextKeyword(of: ["tunnel": true, "subnet": false])
        let isRemoval = try words.nextKeyword(of: ["set": false, "remove": true])
        guard !isRemoval else {
            let command: Command =
                isTunnel
                ? .removeTunnel(try TunnelSettings.tid(&words)) : .removeSubnet(try Self.prefix(&words))
            try words.end()
            return command
        }
        try words.nextKeyword(of: ["config": ()])
        let path = isTunnel ? "tunnel set config" : "subnet set config"
        switch try ConfigurationCommand(path, &words) {
        case .setTunnel(let tunnel)?: return .setTunnel(tunnel)
        case .setSubnet(let subnet)?: return .setSubnet(subnet)
        default: throw Words.Failure(column: 1, expected: "a tunnel or a subnet", found: "another command")
        }
    }

    private static func prefix(_ words: inout Words) throws(Words.Failure) -> IPv6Prefix {
        try words.next(expecting: "a prefix") { text throws(SyntaxError) in try IPv6Prefix(parsing: text) }
    }

    private func error(_ column: Int, _ expected: String, _ found: String) -> ConfigurationError {
        ConfigurationError(file: "patch", line: self.line, column: column, expected: expected, found: found)
    }
}
