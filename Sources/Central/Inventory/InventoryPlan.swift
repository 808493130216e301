internal import Wire

/// What makes the registry agree with the inventory.
///
/// Pure: the same snapshot and inventory always give the same plan. PoPs that only the registry knows are left alone: an inventory that lost a file must not take down a PoP.
package struct InventoryPlan: Hashable, Sendable {
    /// A change and the line that announces it.
    package struct Step: Hashable, Sendable {
        package let change: RegistryChange
        package let line: String
    }

    /// In the order in which they must be made; prefixes are taken away first, so that they can move.
    package let steps: [Step]

    /// PoPs that only the registry knows.
    package let strangers: [PoPName]

    package init(from snapshot: FleetSnapshot, to inventory: Inventory) throws(RegistryError) {
        var removals: [Step] = []
        var pops: [Step] = []
        var additions: [Step] = []
        for entry in inventory.pops {
            let old = snapshot.pop(named: entry.pop.name)
            if let old, old.id != entry.pop.id {
                throw .refused(
                    "\(old.name) has id \(old.id) in the database and \(entry.pop.id) in the inventory: "
                        + "an id is for good; remove the PoP first"
                )
            }
            if old == nil, let other = snapshot.pop(entry.pop.id) {
                throw .refused(
                    "id \(entry.pop.id) is \(other.name)'s in the database and \(entry.pop.name)'s in the inventory: "
                        + "if it is the same PoP, sixxs-central pop rename \(other.name) \(entry.pop.name) comes first"
                )
            }
            pops += Self.step(from: old, to: entry.pop)
            let had = old.map { snapshot.prefixes(of: $0.id) } ?? []
            let has = had.map { Inventory.Prefix(kind: $0.kind, prefix: $0.prefix) }
            removals += has.filter { !entry.prefixes.contains($0) }.map {
                Self.removal(of: $0, from: entry.pop.name)
            }
            additions += entry.prefixes.filter { !has.contains($0) }.map {
                Self.addition(of: $0, to: entry.pop.name)
            }
        }
        self.steps = removals + pops + additions + Self.step(from: snapshot.waves, to: inventory.waves)
        let known = Set(inventory.pops.map(\.pop.name))
        self.strangers = snapshot.pops.map(\.name).filter { !known.contains($0) }
    }

    private static func removal(of prefix: Inventory.Prefix, from name: PoPName) -> Step {
        Step(
            change: .removePrefix(prefix.prefix),
            line: "remove prefix \(prefix.prefix) of \(name), for \(prefix.kind.rawValue)s"
        )
    }

    private static func addition(of prefix: Inventory.Prefix, to name: PoPName) -> Step {
        Step(
            change: .addPrefix(prefix.prefix, prefix.kind, name),
            line: "add prefix \(prefix.prefix) to \(name), for \(prefix.kind.rawValue)s"
        )
    }

    private static func step(from old: WavePolicy, to new: WavePolicy) -> [Step] {
        let values: [(name: String, old: Int, new: Int)] = [
            ("share", old.share, new.share), ("settle", old.settle, new.settle),
            ("tunnel-drop", old.tunnelDrop, new.tunnelDrop), ("error-jump", old.errorJump, new.errorJump),
            ("confirm", old.confirm, new.confirm),
        ]
        let differences = values.filter { $0.old != $0.new }.map { "\($0.name) \($0.old) -> \($0.new)" }
        guard !differences.isEmpty else { return [] }
        return [Step(change: .setWaves(new), line: "change waves: \(differences.joined(separator: ", "))")]
    }

    private static func step(from old: PoP?, to new: PoP) -> [Step] {
        guard let old else {
            let line = "add pop \(new.name): id \(new.id), \(new.ipv4), \(new.ipv6)"
            return [Step(change: .addPoP(new), line: line)]
        }
        let differences = Self.differences(from: old, to: new)
        guard !differences.isEmpty else { return [] }
        let amendment = PoPAmendment(
            city: new.city,
            country: new.country,
            ipv4: new.ipv4,
            ipv6: new.ipv6,
            sshHost: new.ssh.host ?? "",
            sshPort: new.ssh.port,
            sshUser: new.ssh.user,
            sshKeyFile: new.ssh.keyFile,
            control: new.control,
            tunnelMTU: new.tunnelMTU,
            isEnabled: new.isEnabled,
            isCanary: new.isCanary,
            pollInterval: new.pollInterval
        )
        let line = "change pop \(new.name): \(differences.joined(separator: ", "))"
        return [Step(change: .amendPoP(new.name, amendment), line: line)]
    }

    private static func differences(from old: PoP, to new: PoP) -> [String] {
        let values: [(name: String, old: String, new: String)] = [
            ("city", old.city, new.city),
            ("country", old.country, new.country),
            ("ipv4", "\(old.ipv4)", "\(new.ipv4)"),
            ("ipv6", "\(old.ipv6)", "\(new.ipv6)"),
            ("ssh.host", old.ssh.host ?? "", new.ssh.host ?? ""),
            ("ssh.port", "\(old.ssh.port)", "\(new.ssh.port)"),
            ("ssh.user", old.ssh.user, new.ssh.user),
            ("ssh.key", old.ssh.keyFile, new.ssh.keyFile),
            ("control", "\(old.control)", "\(new.control)"),
            ("mtu", "\(old.tunnelMTU)", "\(new.tunnelMTU)"),
            ("enabled", "\(old.isEnabled)", "\(new.isEnabled)"),
            ("canary", "\(old.isCanary)", "\(new.isCanary)"),
            ("poll", "\(old.pollInterval)", "\(new.pollInterval)"),
        ]
        return values.filter { !$0.old.isExactly($0.new) }.map { value in
            "\(value.name) \(value.old.isEmpty ? "none" : value.old) -> \(value.new.isEmpty ? "none" : value.new)"
        }
    }
}
