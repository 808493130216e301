internal import Wire

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
