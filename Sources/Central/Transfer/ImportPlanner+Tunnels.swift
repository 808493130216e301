internal import Wire

extension ImportPlanner {
    mutating func addTunnels(_ tunnels: [TransferTunnel], _ passwords: ImportPlan.PasswordPolicy) {
        // Whatever has no number gets one behind all others.
        let brought = tunnels.compactMap(\.number?.rawValue).filter {
            $0 <= NewTunnel.highestNumber
        }
        self.highestNumber = max(self.highestNumber, brought.max() ?? 0)
        var additions: [NewTunnel] = []
        self.fleetAddresses = self.plannedAddresses
        for tunnel in tunnels {
            if let old = self.known(tunnel) {
                self.numbers.append(old.number)
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

    /// The tunnel of the registry that a tunnel of the file is: the one of its number; or, where the file has no numbers, the
    /// one that has its place or its endpoint, if it is like that one in all that the file says.
    private func known(_ tunnel: TransferTunnel) -> Tunnel? {
        if let number = tunnel.number { return self.tunnels[number] }
        let holders = [
            tunnel.tid.flatMap { self.takenTIDs[Place(pop: tunnel.pop, value: $0)] },
            tunnel.endpoint.flatMap { self.takenEndpoints[Place(pop: tunnel.pop, value: $0)] },
        ].compactMap(\.self)
        guard let number = holders.first, let old = self.tunnels[number],
            self.differences(tunnel, old).isEmpty
        else { return nil }
        return old
    }

    /// Who has something already, as the reader of the file knows it.
    private func words(for holder: TunnelNumber) -> String {
        self.claimants[holder].map { "the tunnel at \($0)" } ?? "\(holder)"
    }

    /// Why no tunnel can end at an address; nil when one can.
    private func rejection(to endpoint: IPAddress) -> String? {
        if let name = self.fleetAddresses.pop(at: endpoint) { return "\(endpoint), PoP \(name)'s own" }
        return self.fleetAddresses.prefix(around: endpoint).map { "\(endpoint), which lies in prefix \($0)" }
    }

    /// What is the fleet's own once the PoPs and prefixes of the file are there.
    private var plannedAddresses: FleetAddresses {
        let added = self.changes.compactMap { if case .addPoP(let pop) = $0 { pop } else { nil } }
        return FleetAddresses(of: self.present.snapshot.pops + added, prefixes: self.prefixes.map(\.prefix))
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
        func published(_ truth: Bool) -> String { truth ? "in the DNS" : "not in the DNS" }
        func names(_ servers: [DomainName]) -> String {
            servers.isEmpty ? "none" : servers.map(\.description).joined(separator: " ")
        }
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
            ("name servers", names(old.nameServers), new.nameServers.map(names)),
            ("endpoint", published(old.publishesEndpoint), new.publishesEndpoint.map(published)),
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
        guard let end = tunnel.end else {
            self.problems.note(
                tunnel.place,
                "endpoint",
                expected: "the address of a static tunnel",
                found: "nothing"
            )
            return nil
        }
        if let endpoint = tunnel.endpoint, let reason = self.rejection(to: endpoint) {
            self.problems.note(tunnel.place, "endpoint", expected: "an address of the user's", found: reason)
        }
        if tunnel.hidesPassword, tunnel.password == nil {
            let expected = "its password, which the file leaves out: export it with --secrets"
            self.problems.note(tunnel.place, "password", expected: expected, found: "none")
        }
        self.claim(tunnel, number)
        var new = NewTunnel(
            pop: tunnel.pop,
            end: end,
            mtu: tunnel.mtu,
            tid: tunnel.tid,
            isEnabled: tunnel.isEnabled ?? tunnel.isUp ?? true,
            isUserEnabled: tunnel.isUserEnabled ?? true,
            owner: self.owner(of: tunnel),
            number: number
        )
        new.nameServers = tunnel.nameServers ?? []
        new.publishesEndpoint = tunnel.publishesEndpoint ?? false
        return new
    }

    private mutating func number(for tunnel: TransferTunnel) -> TunnelNumber? {
        guard let number = tunnel.number else {
            self.highestNumber &+= 1
            let next = TunnelNumber(rawValue: self.highestNumber)
            if next == nil {
                let expected = "a number, since the highest there is was given"
                self.problems.note(tunnel.place, "tunnel", expected: expected, found: "none")
            }
            return next
        }
        if number.rawValue > NewTunnel.highestNumber {
            let expected = "a number up to T\(NewTunnel.highestNumber)"
            self.problems.note(tunnel.place, "tunnel", expected: expected, found: "\(number)")
            return nil
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
        if tunnel.number == nil { self.claimants[number] = tunnel.place }
        if let tid = tunnel.tid {
            let key = Place(pop: tunnel.pop, value: tid)
            if let other = self.takenTIDs.updateValue(number, forKey: key) {
                let found = "\(tid), which \(self.words(for: other)) has"
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
                    found: "\(endpoint), which \(self.words(for: other)) has"
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
    /// Nil for a static one without an endpoint; a dynamic one without a password gets a random one.
    fileprivate var end: TunnelEnd? {
        switch self.type {
        case .static: self.endpoint.map { .fixed($0) }
        case .heartbeat: .heartbeat(self.password ?? .random())
        case .ayiya: .ayiya(self.password ?? .random())
        }
    }
}
