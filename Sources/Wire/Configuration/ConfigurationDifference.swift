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
