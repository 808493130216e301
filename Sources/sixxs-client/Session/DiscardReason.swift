/// Why a packet went no further.
enum DiscardReason: String, CaseIterable, Sendable {
    /// It is no whole IPv6 packet.
    case notIPv6
    /// It comes from or goes to a link-local address.
    case linkLocal
    /// It goes to a multicast group.
    case multicast
    /// Nobody can have its source or its destination.
    case impossibleAddress
    /// The PoP sent a packet whose source is this end of the tunnel.
    case ownSource
    /// The outer header says that congestion was met, but the sender cannot be told (RFC 6040 §4.2).
    case congestion
    /// The datagram is no AYIYA datagram of the kind that the PoP sends.
    case notAYIYA
    /// The datagram was signed by somebody else than the PoP's end of this tunnel.
    case wrongIdentity
    /// The signature was made with another password.
    case wrongSignature
    /// The PoP's clock and this host's differ by more than 120 s.
    case clockOff
    /// The datagram's payload is not what its header says.
    case wrongPayload
}

/// How many packets went no further, by reason.
struct DropCounters: Sendable {
    private var counts = [UInt64](repeating: 0, count: DiscardReason.allCases.count)
    private static let places = Dictionary(
        uniqueKeysWithValues: DiscardReason.allCases.enumerated().map { ($1, $0) }
    )

    /// The count for a reason.
    subscript(reason: DiscardReason) -> UInt64 {
        get { self.counts[Self.places[reason] ?? 0] }
        set { self.counts[Self.places[reason] ?? 0] = newValue }
    }

    /// All packets that went no further.
    var total: UInt64 { self.counts.reduce(0, +) }

    /// The reasons that occurred, with their counts.
    var summary: String {
        DiscardReason.allCases.filter { self[$0] > 0 }.map { "\($0.rawValue) \(self[$0])" }.joined(
            separator: ", "
        )
    }
}
