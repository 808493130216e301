internal import Wire

/// What makes the registry hold what a file holds; what it holds already is passed over.
///
/// Pure: the same registry and file always give the same plan.
struct ImportPlan: Sendable {
    /// In the order in which they must be made.
    private(set) var changes: [RegistryChange] = []

    /// How many things the registry holds already, just as the file has them.
    private(set) var unchanged = 0

    /// What a plan is made from besides the file.
    struct Present: Sendable {
        let snapshot: FleetSnapshot

        /// Every tunnel number that was ever given.
        let numbers: Set<TunnelNumber>
    }

    /// What becomes of a tunnel that has another password than the file.
    enum PasswordPolicy: Sendable {
        /// Nothing is imported.
        case refuse

        /// The tunnel gets the file's.
        case take
    }

    /// - Throws: ``TransferError`` with everything in which file and registry conflict.
    init(_ file: TransferFleet, into present: Present, passwords: PasswordPolicy) throws {
        let problems = TransferProblems()
        var planner = ImportPlanner(present, problems)
        try planner.addInfrastructure(file)
        planner.addTunnels(file.tunnels, passwords)
        planner.addSubnets(file.tunnels)
        try problems.throwAny()
        self.changes = planner.changes
        self.unchanged = planner.unchanged
    }

    /// What the changes are about, for a sentence.
    func count(_ isCounted: (RegistryChange) -> Bool) -> Int { self.changes.count(where: isCounted) }
}

/// Compares a file with the registry, thing by thing.
private struct ImportPlanner {
    private(set) var changes: [RegistryChange] = []
    private(set) var unchanged = 0

    private let present: ImportPlan.Present
    private let problems: TransferProblems
    private let names: [Int: PoPName]
    private var pops: Set<PoPName>
    private let users: [UserHandle: User]
    private var newUsers: Set<UserHandle> = []
    private var prefixes: [TransferFleet.Prefix]
    private let tunnels: [TunnelNumber: Tunnel]
    private var nextNumber: UInt32

    /// Which tunnel has what at which PoP.
    private var takenTIDs: [Place<TID>: TunnelNumber] = [:]
    private var takenEndpoints: [Place<IPAddress>: TunnelNumber] = [:]
    private var takenSubnets: [IPv6Prefix: TunnelNumber]
    private var newNumbers: [TunnelNumber: TransferPlace] = [:]

    /// The tunnels of the file that have a number, in its order.
    private var numbers: [TunnelNumber?] = []

    private struct Place<Value: Hashable>: Hashable {
        let pop: PoPName
        let value: Value
    }

    init(_ present: ImportPlan.Present, _ problems: TransferProblems) {
        let snapshot = present.snapshot
        self.present = present
        self.problems = problems
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name) })
        self.names = names
        self.pops = Set(snapshot.pops.map(\.name))
        self.users = Dictionary(uniqueKeysWithValues: snapshot.users.map { ($0.handle, $0) })
        self.prefixes = snapshot.prefixes.compactMap { routed in
            names[routed.popID].map {
                TransferFleet.Prefix(prefix: routed.prefix, kind: routed.kind, pop: $0)
            }
        }
        self.tunnels = Dictionary(uniqueKeysWithValues: snapshot.tunnels.map { ($0.number, $0) })
        self.takenSubnets = Dictionary(
            uniqueKeysWithValues: snapshot.subnets.map { ($0.prefix, $0.tunnel) }
        )
        self.nextNumber = (present.numbers.max()?.rawValue ?? 0) + 1
        for tunnel in snapshot.tunnels {
            guard let pop = names[tunnel.popID] else { continue }
            self.takenTIDs[Place(pop: pop, value: tunnel.tid)] = tunnel.number
            if let endpoint = tunnel.end.endpoint {
                self.takenEndpoints[Place(pop: pop, value: endpoint)] = tunnel.number
            }
        }
    }
}

// MARK: - Infrastructure

extension ImportPlanner {
    mutating func addInfrastructure(_ file: TransferFleet) throws {
        if let waves = file.waves { self.add(waves) }
        for entry in file.pops { try self.add(entry) }
        for entry in file.prefixes { self.add(entry) }
        for entry in file.users { self.add(entry) }
    }

    private mutating func add(_ waves: TransferFleet.Entry<WavePolicy>) {
        let old = self.present.snapshot.waves
        if old == waves.value { return }
        guard old == WavePolicy() else {
            self.problems.note(waves.place, nil, expected: "the waves of the registry", found: "others")
            return
        }
        self.changes.append(.setWaves(waves.value))
    }

    private mutating func add(_ entry: TransferFleet.Entry<PoP>) throws {
        let new = entry.value
        guard let old = self.present.snapshot.pop(named: new.name) else {
            self.pops.insert(new.name)
            return self.changes.append(.addPoP(new))
        }
        let differences = try DocumentDifference(between: PoPDocument(old), and: PoPDocument(new)).fields
        if differences.isEmpty {
            self.unchanged += 1
            return
        }
        self.conflict(entry.place, "PoP \(new.name)", differences)
    }

    private mutating func add(_ entry: TransferFleet.Entry<TransferFleet.Prefix>) {
        let new = entry.value
        guard self.knows(new.pop, entry.place) else { return }
        if self.prefixes.contains(new) {
            self.unchanged += 1
            return
        }
        if let other = self.prefixes.first(where: { Self.overlap($0.prefix, new.prefix) }) {
            let found =
                "\(new.prefix), which overlaps \(other.kind.rawValue) prefix \(other.prefix) of \(other.pop)"
            return self.problems.note(entry.place, nil, expected: "a prefix of its own", found: found)
        }
        if new.kind == .tunnel,
            let other = self.prefixes.first(where: { $0.kind == .tunnel && $0.pop == new.pop })
        {
            let expected = "the tunnel prefix that \(new.pop) has, \(other.prefix)"
            return self.problems.note(entry.place, nil, expected: expected, found: "\(new.prefix)")
        }
        self.prefixes.append(new)
        self.changes.append(.addPrefix(new.prefix, new.kind, new.pop))
    }

    private static func overlap(_ one: IPv6Prefix, _ other: IPv6Prefix) -> Bool {
        one.contains(other) || other.contains(one)
    }

    private mutating func add(_ entry: TransferFleet.Entry<TransferFleet.Account>) {
        let (handle, values) = (entry.value.handle, entry.value.values)
        guard let old = self.users[handle] else {
            guard self.newUsers.insert(handle).inserted else {
                return self.problems.note(
                    entry.place,
                    nil,
                    expected: "user \(handle) once",
                    found: "it again"
                )
            }
            return self.changes.append(.addUser(handle, values))
        }
        if values.applied(to: old) == old {
            self.unchanged += 1
            return
        }
        let words = "user \(handle) as the registry has it"
        self.problems.note(entry.place, nil, expected: words, found: "another name, mail or password")
    }

    private func knows(_ pop: PoPName, _ place: TransferPlace) -> Bool {
        guard !self.pops.contains(pop) else { return true }
        let expected = "a PoP of the registry (add it with sixxs-central pop add \(pop))"
        self.problems.note(place, "pop", expected: expected, found: "\(pop)")
        return false
    }

    private func conflict(_ place: TransferPlace, _ what: String, _ differences: [DocumentDifference.Field]) {
        for field in differences {
            let expected =
                "\(what) with \(field.key) \(field.before?.words ?? "none"), as the registry has it"
            self.problems.note(
                place,
                nil,
                expected: expected,
                found: field.after?.words ?? "none"
            )
        }
    }
}

// MARK: - Tunnels

extension ImportPlanner {
    mutating func addTunnels(_ tunnels: [TransferTunnel], _ passwords: ImportPlan.PasswordPolicy) {
        // Whatever has no number gets one behind all others.
        let highest = tunnels.compactMap(\.number).max()?.rawValue ?? 0
        self.nextNumber = max(self.nextNumber, highest &+ 1)
        var additions: [NewTunnel] = []
        for tunnel in tunnels {
            if let number = tunnel.number, let old = self.tunnels[number] {
                self.numbers.append(number)
                self.compare(tunnel, old, passwords)
            } else {
                let new = self.new(tunnel)
                self.numbers.append(new?.number)
                if let new { additions.append(new) }
            }
        }
        // Those that take the lowest free place come after those that say theirs.
        self.changes += (additions.filter { $0.tid != nil } + additions.filter { $0.tid == nil }).map {
            .addTunnel($0)
        }
    }

    private mutating func compare(
        _ new: TransferTunnel,
        _ old: Tunnel,
        _ passwords: ImportPlan.PasswordPolicy
    ) {
        var differences = self.differences(new, old)
        if let password = new.password, old.end.type == new.type, password != old.end.password {
            if passwords == .take {
                self.changes.append(.amendTunnel(old.number, TunnelAmendment(password: password)))
            } else {
                differences.append(
                    ("the same password (--take-passwords takes those of the file)", "another")
                )
            }
        } else if differences.isEmpty {
            self.unchanged += 1
        }
        for (expected, found) in differences {
            self.problems.note(new.place, nil, expected: "\(old.number) with \(expected)", found: found)
        }
    }

    /// What the registry has and what the file has instead, but for the password.
    private func differences(_ new: TransferTunnel, _ old: Tunnel) -> [(expected: String, found: String)] {
        func word(_ truth: Bool) -> String { truth ? "enabled" : "disabled" }
        let owner: UserHandle?? = new.owner.map { if case .user(let handle) = $0 { handle } else { nil } }
        let values: [(name: String, old: String, new: String?)] = [
            ("PoP", self.names[old.popID]?.description ?? "", new.pop.description),
            ("tid", old.tid.description, new.tid?.description),
            ("type", old.end.type.rawValue, new.type.rawValue),
            ("endpoint", old.end.endpoint?.description ?? "none", new.endpoint?.description),
            ("MTU", "\(old.mtu)", new.mtu.map { "\($0)" }),
            (
                "owner", (old.owner?.description ?? "no user").lowercased(),
                owner.map { ($0?.description ?? "no user").lowercased() }
            ),
            ("state", word(old.isUp), new.isUp.map(word)),
            ("operators' state", word(old.isEnabled), new.isEnabled.map(word)),
            ("user's state", word(old.isUserEnabled), new.isUserEnabled.map(word)),
        ]
        return values.compactMap { value in
            value.new.flatMap {
                $0 == value.old ? nil : ("\(value.name) \(value.old), as the registry has it", $0)
            }
        }
    }

    private mutating func new(_ tunnel: TransferTunnel) -> NewTunnel? {
        guard self.knows(tunnel.pop, tunnel.place), let number = self.number(for: tunnel) else { return nil }
        guard self.prefixes.contains(where: { $0.kind == .tunnel && $0.pop == tunnel.pop }) else {
            let expected = "a PoP with a tunnel prefix (sixxs-central prefix add \(tunnel.pop) tunnel PREFIX)"
            self.problems.note(tunnel.place, "pop", expected: expected, found: "\(tunnel.pop)")
            return nil
        }
        self.claim(tunnel, number)
        return NewTunnel(
            pop: tunnel.pop,
            end: tunnel.end,
            mtu: tunnel.mtu,
            tid: tunnel.tid,
            isEnabled: tunnel.isEnabled ?? tunnel.isUp ?? true,
            isUserEnabled: tunnel.isUserEnabled ?? true,
            owner: self.owner(of: tunnel),
            number: number
        )
    }

    private mutating func number(for tunnel: TransferTunnel) -> TunnelNumber? {
        guard let number = tunnel.number else {
            defer { self.nextNumber &+= 1 }
            return TunnelNumber(rawValue: self.nextNumber)
        }
        if self.present.numbers.contains(number) {
            let found = "\(number), which was removed: numbers are never used twice"
            self.problems.note(
                tunnel.place,
                "tunnel",
                expected: "a number that was never given",
                found: found
            )
            return nil
        }
        if let first = self.newNumbers.updateValue(tunnel.place, forKey: number) {
            self.problems.note(
                tunnel.place,
                "tunnel",
                expected: "\(number) once",
                found: "it again (first at \(first))"
            )
            return nil
        }
        return number
    }

    /// Takes place and endpoint, unless another tunnel has them.
    private mutating func claim(_ tunnel: TransferTunnel, _ number: TunnelNumber) {
        if let tid = tunnel.tid {
            let key = Place(pop: tunnel.pop, value: tid)
            if let other = self.takenTIDs.updateValue(number, forKey: key) {
                let found = "\(tid), which \(other) has"
                self.problems.note(tunnel.place, "tid", expected: "a free tid of \(tunnel.pop)", found: found)
            }
        }
        if let endpoint = tunnel.endpoint {
            let key = Place(pop: tunnel.pop, value: endpoint)
            if let other = self.takenEndpoints.updateValue(number, forKey: key) {
                let expected = "an endpoint that no tunnel of \(tunnel.pop) has"
                self.problems.note(
                    tunnel.place,
                    "endpoint",
                    expected: expected,
                    found: "\(endpoint), which \(other) has"
                )
            }
        }
    }

    private func owner(of tunnel: TransferTunnel) -> UserHandle? {
        guard case .user(let handle) = tunnel.owner else { return nil }
        if self.users[handle] == nil, !self.newUsers.contains(handle) {
            let expected = "a user of the registry (add it with sixxs-central user add \(handle))"
            self.problems.note(tunnel.place, "owner", expected: expected, found: "\(handle)")
        }
        return handle
    }
}

extension TransferTunnel {
    /// A dynamic tunnel without a password gets a random one.
    fileprivate var end: TunnelEnd {
        switch self.type {
        case .static: self.endpoint.map { .fixed($0) } ?? .ayiya(.random())
        case .heartbeat: .heartbeat(self.password ?? .random())
        case .ayiya: .ayiya(self.password ?? .random())
        }
    }
}

// MARK: - Subnets

extension ImportPlanner {
    mutating func addSubnets(_ tunnels: [TransferTunnel]) {
        let sources = Dictionary(grouping: self.prefixes.filter { $0.kind == .subnet }, by: \.pop)
        for (tunnel, number) in zip(tunnels, self.numbers) {
            guard let number else { continue }
            for subnet in tunnel.subnets {
                self.add(subnet, number, tunnel.pop, sources[tunnel.pop] ?? [])
            }
        }
    }

    private mutating func add(
        _ subnet: TransferFleet.Entry<IPv6Prefix>,
        _ number: TunnelNumber,
        _ pop: PoPName,
        _ sources: [TransferFleet.Prefix]
    ) {
        let prefix = subnet.value
        if let other = self.takenSubnets.updateValue(number, forKey: prefix) {
            if other == number {
                self.unchanged += 1
                return
            }
            let found = "\(prefix), which \(other) has"
            return self.problems.note(
                subnet.place,
                "subnets",
                expected: "a free subnet of \(pop)",
                found: found
            )
        }
        let isOfThePoP = sources.contains {
            $0.prefix.subnetLength == prefix.length && $0.prefix.contains(prefix)
        }
        guard isOfThePoP else {
            let choices = sources.map { "/\($0.prefix.subnetLength) of \($0.prefix)" }
            let expected =
                choices.isEmpty
                ? "none, since \(pop) has no subnet prefix" : "a " + choices.joined(separator: ", or a ")
            return self.problems.note(subnet.place, "subnets", expected: expected, found: "\(prefix)")
        }
        self.changes.append(.addSubnet(prefix, number))
    }
}
