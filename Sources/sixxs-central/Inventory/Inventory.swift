internal import Wire

/// The PoPs as the inventory's files describe them.
struct Inventory: Hashable, Sendable {
    /// By name.
    let pops: [Entry]

    /// How changes go out to them.
    var waves = WavePolicy()

    /// One PoP's file.
    struct Entry: Hashable, Sendable {
        /// Without a host key: trust is the database's.
        let pop: PoP
        let prefixes: [Prefix]
    }

    /// A prefix of a PoP.
    struct Prefix: Hashable, Sendable {
        let kind: PrefixKind
        let prefix: IPv6Prefix
    }
}
