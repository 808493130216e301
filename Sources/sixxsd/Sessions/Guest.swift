import Wire

/// For whom the places of a session are counted.
struct Guest: Hashable, Sendable {
    /// Who it is.
    enum Name: Hashable, Sendable {
        /// A user of this host, by number.
        case user(UInt32)
        /// A network elsewhere: one address of IPv4, a /64 of IPv6.
        case network(IPv6Prefix)

        /// The network that an address elsewhere belongs to.
        init(_ address: IPAddress) {
            let length =
                switch address.unmapped {
                case .ipv4: 128
                case .ipv6: 64
                }
            self = .network(IPv6Prefix(containing: address.mapped, length: length))
        }
    }

    let name: Name
    /// Whether there are places that are kept for such.
    let isKept: Bool

    /// Root, for whom there is always a place.
    static let root = Guest(name: .user(0), isKept: true)
}
