/// How an item that is in two configurations, or in one of them, differs.
public struct ConfigurationChange<Item> {
    /// The item as it will be; nil when it goes away.
    public let new: Item?

    /// The item as it was; nil when it is new.
    public let old: Item?
}

extension ConfigurationChange: Sendable where Item: Sendable {}

/// How two configurations differ.
public struct ConfigurationDifference: Hashable, Sendable {
    /// How many items of one kind differ.
    public struct Counts: Hashable, Sendable, CustomStringConvertible {
        /// Items that only the new configuration has.
        public let added: Int

        /// Items that both have, with other settings.
        public let changed: Int

        /// Items that only the old configuration has.
        public let removed: Int

        /// Counts changes.
        init(_ changes: [ConfigurationChange<some Any>]) {
            self.added = changes.count { $0.old == nil }
            self.removed = changes.count { $0.new == nil }
            self.changed = changes.count - self.added - self.removed
        }

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
        self.difference(from: old, self.tunnelChanges(from: old))
    }

    /// Counts the same, for those who know already which tunnels change.
    public func difference(
        from old: Configuration,
        _ tunnels: [ConfigurationChange<TunnelSettings>]
    ) -> ConfigurationDifference {
        ConfigurationDifference(
            tunnels: .init(tunnels),
            subnets: .init(Self.changes(self.subnets, old.subnets) { $0.prefix })
        )
    }

    /// The items that differ, in the order of their keys.
    static func changes<Item: Equatable, Key: Comparable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key
    ) -> [ConfigurationChange<Item>] {
        let (newItems, oldItems) = (Self.inOrder(new, by: key), Self.inOrder(old, by: key))
        // Spans lend their items: thousands are compared, and arrays would copy each of them.
        let (new, old) = (newItems.span, oldItems.span)
        var (place, oldPlace) = (0, 0)
        var changes: [ConfigurationChange<Item>] = []
        while place < new.count || oldPlace < old.count {
            let isNew = oldPlace == old.count || place < new.count && key(new[place]) < key(old[oldPlace])
            let isGone = place == new.count || oldPlace < old.count && key(old[oldPlace]) < key(new[place])
            if isNew || isGone || new[place] != old[oldPlace] {
                changes.append(.init(new: isGone ? nil : new[place], old: isNew ? nil : old[oldPlace]))
            }
            if !isGone { place += 1 }
            if !isNew { oldPlace += 1 }
        }
        return changes
    }

    /// The items in the order of their keys, as all are that were parsed.
    private static func inOrder<Item, Key: Comparable>(_ items: [Item], by key: (Item) -> Key) -> [Item] {
        let span = items.span
        for index in items.indices.dropFirst() where key(span[index]) < key(span[index - 1]) {
            return items.sorted { key($0) < key($1) }
        }
        return items
    }

    /// The tunnels that differ from those of another configuration, in the order of their tids.
    public func tunnelChanges(from old: Configuration) -> [ConfigurationChange<TunnelSettings>] {
        Self.changes(self.tunnels, old.tunnels) { $0.tid }
    }
}

extension [ConfigurationChange<TunnelSettings>] {
    /// How many tunnels are taken away: not named any more, under another number, or disabled.
    public var losses: Int {
        self.count { change in
            guard let old = change.old else { return false }
            let isSame = change.new?.number == old.number
            return !isSame || change.new?.state == .disabled && old.state == .up
        }
    }
}
