package import Wire

/// How long packets took from a PoP to another one, as `--json` prints it.
package struct PeerDocument: Encodable, Hashable, Sendable {
    package let peer: String

    /// `ipv4` or `ipv6`.
    package let family: String
    package let sent: Tally
    @ExplicitNull package private(set) var lossPercent: Double?

    /// What 10 %, half and 90 % of the round trips took at most.
    @ExplicitNull package private(set) var p10Ms: Double?
    @ExplicitNull package private(set) var medianMs: Double?
    @ExplicitNull package private(set) var p90Ms: Double?

    package init(_ row: ReadPeers.Row) {
        let counts = row.counts
        self.peer = row.peer.description
        self.family = row.isIPv6 ? "ipv6" : "ipv4"
        self.sent = counts.sent
        let lost = Double(counts.sent.growth(since: counts.received).value)
        self.lossPercent =
            counts.sent > .zero ? Self.rounded(lost * 100 / Double(counts.sent.value)) : nil
        let quantile = { share in counts.roundTrips.quantile(share).map { Self.rounded($0 / 1000) } }
        (self.p10Ms, self.medianMs, self.p90Ms) = (quantile(0.1), quantile(0.5), quantile(0.9))
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
