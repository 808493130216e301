extension Configuration {
    /// A rule between several settings that a configuration breaks.
    public struct Conflict: Error, Hashable, Sendable, CustomStringConvertible {
        /// The setting to blame.
        public enum Subject: Hashable, Sendable {
            case popID
            case details(Int)
            case prefix(IPv6Prefix)
            case tunnel(TID)
            case subnet(IPv6Prefix)
            case subnetOwner(IPv6Prefix)
        }

        /// The setting to blame.
        public let subject: Subject

        /// What the rule demands, as a noun phrase.
        public let expected: String

        /// What there was instead.
        public let found: String

        /// One sentence for people.
        public var description: String { "expected \(self.expected), found \(self.found)" }
    }

    /// Carries out one command; a tunnel, subnet or PoP that is there already is replaced.
    public mutating func apply(_ command: ConfigurationCommand) {
        switch command {
        case .setTunnel(let tunnel): Self.replace(tunnel, in: &self.tunnels) { $0.tid == tunnel.tid }
        case .setSubnet(let subnet): Self.replace(subnet, in: &self.subnets) { $0.prefix == subnet.prefix }
        default: self.pop.apply(command)
        }
    }

    fileprivate static func replace<Item>(
        _ item: Item,
        in items: inout [Item],
        where isSame: (Item) -> Bool
    ) {
        if let index = items.firstIndex(where: isSame) { items[index] = item } else { items.append(item) }
    }

    /// Puts everything in the order of the canonical text, so that configurations that mean the same are equal.
    public mutating func sort() {
        self.pop.pops.sort { $0.id < $1.id }
        self.pop.subnetPrefixes.sort()
        self.tunnels.sort { $0.tid < $1.tid }
        self.subnets.sort { $0.prefix < $1.prefix }
    }

    /// Checks the rules between settings: prefixes that don't overlap, subnets inside a subnet prefix and of a
    /// tunnel that exists, numbers that are given once.
    ///
    /// - Throws: ``Conflict`` with the first rule that is broken.
    public func check() throws(Conflict) {
        if let id = self.pop.id, self.pop.ownDetails == nil {
            throw Conflict(subject: .popID, expected: "details of PoP \(id)", found: "none")
        }
        guard self.pop.controlACL.count <= PoPSettings.maximumACLEntries else {
            let expected = "at most \(PoPSettings.maximumACLEntries) entries in the access list"
            throw Conflict(subject: .popID, expected: expected, found: "\(self.pop.controlACL.count)")
        }
        try self.checkDetails()
        let own = FleetAddresses(pops: self.pop.addresses, prefixes: self.prefixes)
        try self.checkPrefixes(own)
        try self.checkTunnels(own)
        try self.checkSubnets()
    }

    /// What is routed into tunnels.
    private var prefixes: [IPv6Prefix] {
        [self.pop.tunnelPrefix].compactMap(\.self) + self.pop.subnetPrefixes
    }

    private func checkDetails() throws(Conflict) {
        for details in self.pop.pops {
            for address in details.addresses where !address.isReachableUnicast {
                let expected = "the address of one host"
                throw Conflict(subject: .details(details.id), expected: expected, found: "\(address)")
            }
        }
    }

    private func checkPrefixes(_ own: FleetAddresses) throws(Conflict) {
        if self.pop.subnetPrefixes.count > PoPSettings.maximumSubnetPrefixes,
            let last = self.pop.subnetPrefixes.last
        {
            let most = PoPSettings.maximumSubnetPrefixes
            let found = "\(self.pop.subnetPrefixes.count)"
            throw Conflict(subject: .prefix(last), expected: "at most \(most) subnet prefixes", found: found)
        }
        var seen: [IPv6Prefix] = []
        for prefix in self.prefixes {
            guard prefix.isRoutableUnicast else {
                let expected = "a prefix of unicast addresses that can be routed"
                throw Conflict(subject: .prefix(prefix), expected: expected, found: "\(prefix)")
            }
            if let pop = own.pop(in: prefix) {
                let expected = "a prefix that holds no PoP's own address"
                let found = "\(prefix) with \(pop.address) of \(pop.name)"
                throw Conflict(subject: .prefix(prefix), expected: expected, found: found)
            }
            if let other = seen.first(where: { $0.overlaps(prefix) }) {
                let expected = "a prefix that overlaps no other"
                throw Conflict(subject: .prefix(prefix), expected: expected, found: "\(prefix) and \(other)")
            }
            seen.append(prefix)
        }
    }

    private func checkTunnels(_ own: FleetAddresses) throws(Conflict) {
        var tidOfNumber: [TunnelNumber: TID] = [:]
        tidOfNumber.reserveCapacity(self.tunnels.count)
        for tunnel in self.tunnels {
            if let other = tidOfNumber.updateValue(tunnel.tid, forKey: tunnel.number) {
                let expected = "a tunnel number that is used once"
                let found = "\(tunnel.number) for tid \(other) too"
                throw Conflict(subject: .tunnel(tunnel.tid), expected: expected, found: found)
            }
            if self.pop.tunnelPrefix == nil {
                throw Conflict(subject: .tunnel(tunnel.tid), expected: "a tunnel prefix", found: "none")
            }
            if case .fixed(let remote) = tunnel.remote { try Self.check(remote, of: tunnel.tid, own) }
        }
    }

    private static func check(_ remote: IPAddress, of tid: TID, _ own: FleetAddresses) throws(Conflict) {
        guard remote.isReachableUnicast else {
            throw Conflict(
                subject: .tunnel(tid),
                expected: "a remote end that is one host",
                found: "\(remote)"
            )
        }
        if let name = own.pop(at: remote) {
            let expected = "a remote end other than a PoP's own address"
            throw Conflict(subject: .tunnel(tid), expected: expected, found: "\(remote) of \(name)")
        }
        guard own.prefix(around: remote) == nil else {
            let expected = "a remote end outside the PoP's own prefixes"
            throw Conflict(subject: .tunnel(tid), expected: expected, found: "\(remote)")
        }
    }

    private func checkSubnets() throws(Conflict) {
        let tids = Set(self.tunnels.map(\.tid))
        for subnet in self.subnets {
            // A /40 is cut into /48s, a /48 into /56s: the address plan has no other steps.
            guard
                self.pop.subnetPrefixes.contains(where: {
                    $0.length + 8 == subnet.prefix.length && $0.contains(subnet.prefix)
                })
            else {
                let expected = "a /48 of a /40, or a /56 of a /48, among the subnet prefixes"
                throw Conflict(subject: .subnet(subnet.prefix), expected: expected, found: "\(subnet.prefix)")
            }
            guard tids.contains(subnet.tid) else {
                let found = "tid \(subnet.tid)"
                throw Conflict(
                    subject: .subnetOwner(subnet.prefix),
                    expected: "a tunnel that is configured",
                    found: found
                )
            }
        }
    }
}

extension PoPSettings {
    fileprivate mutating func apply(_ command: ConfigurationCommand) {
        switch command {
        case .setID(let id): self.id = id
        case .setDetails(let details): Configuration.replace(details, in: &self.pops) { $0.id == details.id }
        case .setBeatTimeout(let seconds): self.beatTimeout = seconds
        case .setICMPRate(let rate): self.icmpRate = rate
        case .setPathMTU(let mode): self.pathMTU = mode
        case .setProtocolUnreachable(let isOn): self.answersProtocolUnreachable = isOn
        case .setVerbosity(let isOn): self.isVerbose = isOn
        case .setDebug(let isOn): self.isDebugging = isOn
        case .addTunnelPrefix(let prefix): self.tunnelPrefix = prefix
        case .addSubnetPrefix(let prefix):
            Configuration.replace(prefix, in: &self.subnetPrefixes) { $0 == prefix }
        case .addToACL(let block): Configuration.replace(block, in: &self.controlACL) { $0 == block }
        case .removeFromACL(let block): self.controlACL.removeAll { $0 == block }
        case .resetACL: self.controlACL = []
        case .setTunnel, .setSubnet, .saveConfiguration: break
        }
    }
}
