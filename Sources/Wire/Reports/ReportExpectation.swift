/// What the centre knows before it asks a PoP for its report, and judges the report by.
public struct ReportExpectation: Hashable, Sendable {
    /// The PoP that is asked.
    public let popID: Int

    /// Its name.
    public let popName: String

    /// What it was called before: a daemon that was not pushed to since goes on under such a name.
    public let formerNames: Set<String>

    /// The tunnels that the registry gives it.
    public let tunnels: Set<TunnelNumber>

    /// How many tunnels it may still run that the registry does not give it any more.
    public let earlierTunnels: Int

    /// The numbers of all PoPs of the fleet.
    public let peers: Set<Int>

    /// The centre's clock, in seconds since 1970.
    public var now: Int64

    /// The most tunnels that a PoP has.
    public static let maximumTunnels = 8192

    /// What a report takes without its tunnels and other PoPs, each tunnel with all of its error counters, and each PoP, in
    /// octets; generously.
    private static let lengthOfTotals = 64 << 10
    private static let lengthOfTunnel = 1536
    private static let lengthOfPeer = 1024

    /// Creates an expectation.
    public init(
        popID: Int,
        popName: String,
        formerNames: Set<String> = [],
        tunnels: Set<TunnelNumber>,
        earlierTunnels: Int = 0,
        peers: Set<Int> = [],
        now: Int64 = 0
    ) {
        self.popID = popID
        self.popName = popName
        self.formerNames = formerNames
        self.tunnels = tunnels
        self.earlierTunnels = earlierTunnels
        self.peers = peers
        self.now = now
    }

    /// The longest report that is read, in octets: by what the PoP and the fleet have, 12 MiB and 1 KiB for each PoP at most.
    public var maximumLength: Int {
        let count = min(max(self.tunnels.count, self.earlierTunnels), Self.maximumTunnels)
        return Self.lengthOfTotals + count * Self.lengthOfTunnel + self.peers.count * Self.lengthOfPeer
    }
}
