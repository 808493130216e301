internal import Wire

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

    func knows(_ pop: PoPName, _ place: TransferPlace) -> Bool {
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
