internal import Wire

extension TransferFleet {
    /// Reads prefixes, tunnels and subnets of a PoP from its `sixxsd.conf`.
    ///
    /// - Throws: `ConfigurationError`, or ``TransferError`` when it is the file of another PoP.
    package init(configuration octets: [UInt8], file: String, of pop: PoP) throws {
        let configuration = try Configuration(parsing: octets, file: file)
        let lines = LineIndex(octets, file: file)
        try Self.demand(configuration, pop, lines)
        let settings = configuration.pop
        self.prefixes =
            ([settings.tunnelPrefix].compactMap(\.self).map { ($0, PrefixKind.tunnel) }
            + settings.subnetPrefixes.map { ($0, .subnet) }).map { prefix, kind in
                Entry(
                    value: Prefix(prefix: prefix, kind: kind, pop: pop.name),
                    place: lines.place(of: prefix)
                )
            }
        let subnets = Dictionary(grouping: configuration.subnets, by: \.tid)
        self.tunnels = configuration.tunnels.map { tunnel in
            TransferTunnel(
                tunnel,
                at: pop.name,
                place: lines.place(of: tunnel.number),
                subnets: (subnets[tunnel.tid] ?? []).map {
                    Entry(value: $0.prefix, place: lines.place(of: $0.prefix))
                }
            )
        }
        self.notes = Self.notes(configuration)
    }

    /// Makes sure that nobody imports the file of one PoP into another.
    private static func demand(
        _ configuration: Configuration,
        _ pop: PoP,
        _ lines: LineIndex
    ) throws(TransferError) {
        guard let own = configuration.pop.ownDetails, own.id != pop.id || own.name != pop.name.description
        else { return }
        let problems = TransferProblems()
        problems.note(
            lines.place,
            nil,
            expected: "the configuration of \(pop.name) with id \(pop.id)",
            found: "that of \(own.name) with id \(own.id)"
        )
        try problems.throwAny()
    }

    /// What is lost, a sentence each.
    private static func notes(_ configuration: Configuration) -> [String] {
        var known = PoPSettings()
        known.id = configuration.pop.id
        known.pops = configuration.pop.pops
        known.tunnelPrefix = configuration.pop.tunnelPrefix
        known.subnetPrefixes = configuration.pop.subnetPrefixes
        let settings = Configuration(pop: configuration.pop).itemChanges(from: Configuration(pop: known)).map
        {
            ([$0.item] + $0.fields.compactMap(\.new)).joined(separator: " ")
        }
        let retired = configuration.tunnels.count { $0.retiredPassword != nil }
        let superfluous = configuration.tunnels.count { $0.password != nil && $0.isFixed }
        return settings.map { "the registry does not keep this setting: \($0)" }
            + (retired > 0
                ? [
                    "\(retired.counted("second password is", "second passwords are")) left out: the first of each tunnel is taken"
                ] : [])
            + (superfluous > 0
                ? [
                    "\(superfluous.counted("password", "passwords")) of static tunnels left out: they have none"
                ] : [])
    }
}

extension TunnelSettings {
    fileprivate var isFixed: Bool {
        if case .fixed = self.remote { true } else { false }
    }
}

extension TransferTunnel {
    fileprivate init(
        _ settings: TunnelSettings,
        at pop: PoPName,
        place: TransferPlace,
        subnets: [TransferFleet.Entry<IPv6Prefix>]
    ) {
        let (type, endpoint): (TunnelType, IPAddress?) =
            switch settings.remote {
            case .fixed(let address): (.static, address)
            case .dynamic(.heartbeat): (.heartbeat, nil)
            // A daemon accepts the same packets for all dynamic tunnels.
            case .dynamic(.ayiya), .dynamic(.dynamic): (.ayiya, nil)
            }
        self.init(
            place: place,
            number: settings.number,
            pop: pop,
            tid: settings.tid,
            type: type,
            endpoint: endpoint,
            mtu: settings.mtu,
            isUp: settings.state == .up,
            password: type == .static ? nil : settings.password.flatMap { try? Password(octets: $0.octets) },
            subnets: subnets
        )
    }
}

/// On which lines of a `sixxsd.conf` tunnels and prefixes are named first.
private struct LineIndex {
    private let file: String
    private var numbers: [TunnelNumber: Int] = [:]
    private var prefixes: [IPv6Prefix: Int] = [:]

    init(_ octets: [UInt8], file: String) {
        self.file = file
        let lines = octets.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            for word in line.split(whereSeparator: { $0 <= 0x20 }) { self.note(word, index + 1) }
        }
    }

    private mutating func note(_ word: ArraySlice<UInt8>, _ line: Int) {
        if word.first.map({ $0 | 0x20 }) == UInt8(ascii: "t") {
            guard let number = try? TunnelNumber(parsing: String(decoding: word, as: UTF8.self)) else {
                return
            }
            self.numbers[number] = self.numbers[number] ?? line
        } else if word.contains(UInt8(ascii: "/")) {
            guard let prefix = try? IPv6Prefix(parsing: String(decoding: word, as: UTF8.self)) else { return }
            self.prefixes[prefix] = self.prefixes[prefix] ?? line
        }
    }

    var place: TransferPlace { TransferPlace(file: self.file) }

    func place(of number: TunnelNumber) -> TransferPlace {
        TransferPlace(file: self.file, line: self.numbers[number])
    }

    func place(of prefix: IPv6Prefix) -> TransferPlace {
        TransferPlace(file: self.file, line: self.prefixes[prefix])
    }
}
