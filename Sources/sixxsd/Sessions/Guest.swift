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
    /// Whether it is root or the daemon's own user, whose places nobody else can take.
    private(set) var isOwner = false

    /// Root, for whom there is always a place.
    static let root = Guest(owner: 0)

    init(name: Name, isKept: Bool) {
        self.name = name
        self.isKept = isKept
    }

    /// Root, or the daemon's own user.
    init(owner user: UInt32) {
        self.init(name: .user(user), isKept: true)
        self.isOwner = true
    }
}
