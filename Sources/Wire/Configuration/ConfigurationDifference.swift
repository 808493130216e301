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
            tunnels: Self.counts(self.tunnels, old.tunnels, by: \.tid),
            subnets: Self.counts(self.subnets, old.subnets, by: \.prefix)
        )
    }

    private static func counts<Item: Equatable, Key: Hashable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key
    ) -> ConfigurationDifference.Counts {
        var unmatched = Dictionary(old.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
        var counts = ConfigurationDifference.Counts()
        for item in new {
            switch unmatched.removeValue(forKey: key(item)) {
            case nil: counts.added += 1
            case item: break
            case .some: counts.changed += 1
            }
        }
        counts.removed = unmatched.count
        return counts
    }
}

extension Configuration {
    /// How many tunnels of another configuration this one takes away: not named any more, under another number, or
    /// disabled.
    public func losses(from old: Configuration) -> Int {
        let present = Dictionary(self.tunnels.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        return old.tunnels.count { tunnel in
            guard let new = present[tunnel.tid], new.number == tunnel.number else { return true }
            return new.state == .disabled && tunnel.state == .up
        }
    }

    /// What differs from another configuration, a line an item: `+`, `-` or `~`, and the item as it will be, or
    /// was; passwords are hidden.
    public func differenceLines(from old: Configuration) -> [String] {
        let pop = Self.lines(self.pop.lines, old.pop.lines)
        let tunnels = Self.lines(self.tunnels, old.tunnels, by: \.tid) {
            "tunnel \($0.line(passwords: .hidden))"
        }
        let subnets = Self.lines(self.subnets, old.subnets, by: \.prefix) { "subnet \($0.line)" }
        return pop + tunnels + subnets
    }

    private static func lines(_ new: [String], _ old: [String]) -> [String] {
        old.filter { !new.contains($0) }.map { "-pop \($0)" }
            + new.filter { !old.contains($0) }.map { "+pop \($0)" }
    }

    private static func lines<Item: Equatable, Key: Hashable & Comparable>(
        _ new: [Item],
        _ old: [Item],
        by key: (Item) -> Key,
        _ text: (Item) -> String
    ) -> [String] {
        let before = Dictionary(old.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            switch (before[key], after[key]) {
            case (nil, let item?): "+\(text(item))"
            case (let item?, nil): "-\(text(item))"
            case (let old?, let new?): old == new ? nil : "~\(text(new))"
            case (nil, nil): nil
            }
        }
    }
}
