/// How two configurations differ.
public struct ConfigurationDifference: Hashable, Sendable {
    /// How many items of one kind differ.
    public struct Counts: Hashable, Sendable, CustomStringConvertible {
        /// Items that only the new configuration has.
        public var added = 0

        /// Items that both have, with other settings.
        public var changed = 0

        /// Items that only the old configuration has.
        public var removed = 0

        /// `+3 ~1 -2`.
        public var description: String { "+\(self.added) ~\(self.changed) -\(self.removed)" }
    }

    /// Tunnels, told apart by tid.
    public var tunnels: Counts

    /// Subnets, told apart by prefix.
    public var subnets: Counts
}

extension ConfigurationDifference: CustomStringConvertible {
    /// `tunnels +3 ~1 -2, subnets +0 ~0 -1`.
    public var description: String { "tunnels \(self.tunnels), subnets \(self.subnets)" }
}

extension Configuration {
    /// Counts what changes when this configuration takes the place of another.
    public func difference(from old: Configuration) -> ConfigurationDifference {
        ConfigurationDifference(
            tunnels: Self.counts(self.tunnels, old.tunnels, by: { $0.tid }),
            subnets: Self.counts(self.subnets, old.subnets, by: { $0.prefix })
        )
    }

    private static func counts<Item: Equatable, Key: Comparable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key
    ) -> ConfigurationDifference.Counts {
        var counts = ConfigurationDifference.Counts()
        Self.forEachChange(new, old, by: key) { new, old in
            if old == nil {
                counts.added += 1
            } else if new == nil {
                counts.removed += 1
            } else {
                counts.changed += 1
            }
        }
        return counts
    }

    /// Goes through the items that differ in the order of their keys; nil stands for one that is missing.
    private static func forEachChange<Item: Equatable, Key: Comparable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key,
        _ body: (_ new: Item?, _ old: Item?) -> Void
    ) {
        let (new, old) = (Self.inOrder(new, by: key), Self.inOrder(old, by: key))
        var (place, oldPlace) = (0, 0)
        while place < new.count || oldPlace < old.count {
            let isNew = oldPlace == old.count || place < new.count && key(new[place]) < key(old[oldPlace])
            let isGone = place == new.count || oldPlace < old.count && key(old[oldPlace]) < key(new[place])
            if isNew || isGone || new[place] != old[oldPlace] {
                body(isGone ? nil : new[place], isNew ? nil : old[oldPlace])
            }
            if !isGone { place += 1 }
            if !isNew { oldPlace += 1 }
        }
    }

    /// The items in the order of their keys, as all are that were parsed.
    private static func inOrder<Item, Key: Comparable>(_ items: [Item], by key: (Item) -> Key) -> [Item] {
        let isInOrder = items.indices.dropFirst().allSatisfy { key(items[$0 - 1]) <= key(items[$0]) }
        return isInOrder ? items : items.sorted { key($0) < key($1) }
    }

    /// Goes through the tunnels that differ from those of another configuration, in the order of their tids; nil
    /// stands for one that is missing.
    public func forEachTunnelChange(
        from old: Configuration,
        _ body: (_ new: TunnelSettings?, _ old: TunnelSettings?) -> Void
    ) {
        Self.forEachChange(self.tunnels, old.tunnels, by: { $0.tid }, body)
    }
}

extension Configuration {
    /// How many tunnels of another configuration this one takes away: not named any more, under another number, or
    /// disabled.
    public func losses(from old: Configuration) -> Int {
        var losses = 0
        self.forEachTunnelChange(from: old) { new, old in
            guard let old else { return }
            let isSame = new?.number == old.number
            if !isSame || (new?.state == .disabled && old.state == .up) { losses += 1 }
        }
        return losses
    }

    /// What differs from another configuration, a line an item: `+`, `-` or `~`, and the item as it will be, or
    /// was; passwords are hidden.
    public func differenceLines(from old: Configuration) -> [String] {
        let pop = Self.lines(self.pop.lines, old.pop.lines)
        let tunnels = Self.lines(self.tunnels, old.tunnels, by: { $0.tid }) {
            "tunnel \($0.line(passwords: .hidden))"
        }
        let subnets = Self.lines(self.subnets, old.subnets, by: { $0.prefix }) { "subnet \($0.line)" }
        return pop + tunnels + subnets
    }

    private static func lines(_ new: [String], _ old: [String]) -> [String] {
        old.filter { !new.contains($0) }.map { "-pop \($0)" }
            + new.filter { !old.contains($0) }.map { "+pop \($0)" }
    }

    private static func lines<Item: Equatable, Key: Comparable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key,
        _ text: (Item) -> String
    ) -> [String] {
        var lines: [String] = []
        Self.forEachChange(new, old, by: key) { new, old in
            if let new {
                lines.append("\(old == nil ? "+" : "~")\(text(new))")
            } else if let old {
                lines.append("-\(text(old))")
            }
        }
        return lines
    }
}
