package import Wire

/// The PoPs as the inventory's files describe them.
package struct Inventory: Hashable, Sendable {
    /// By name.
    package let pops: [Entry]

    /// How changes go out to them.
    package var waves = WavePolicy()

    /// One PoP's file.
    package struct Entry: Hashable, Sendable {
        /// Without a host key: trust is the database's.
        package let pop: PoP
        package let prefixes: [Prefix]
    }

    /// A prefix of a PoP.
    package struct Prefix: Hashable, Sendable {
        package let kind: PrefixKind
        package let prefix: IPv6Prefix
    }
}
