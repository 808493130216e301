import Core

/// What a worker waits for.
enum PacketSource: UInt64, CaseIterable {
    case mailbox
    case uplink
    case sixInFour4, gre4, icmp4, ayiya4, heartbeat4
    case sixInFour6, gre6, icmp6, ayiya6, heartbeat6

    /// How many packets are taken from one source before the next has its turn.
    static let turn = DataPathOptions.largestBatch

    /// How many packets at most, but for the last message's, are made of what is read in one turn.
    static let mostSegments = 4 * Self.turn

    /// Its place among all.
    var place: Int { Int(self.rawValue) }

    /// What comes from a source that links put packets of together; nil for another.
    var barePayload: OuterPayload? {
        switch self {
        case .sixInFour4, .sixInFour6: .sixInFour
        case .gre4, .gre6: .gre
        default: nil
        }
    }
}
