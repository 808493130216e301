internal import Foundation
package import Wire

/// What a step holds as `--json` prints it.
package struct StepDocument: Encodable {
    /// What it is of.
    package enum Kind: Sendable {
        case tunnel
        case pop
    }

    package let time: String
    package let seconds: Int
    package let reports: Int
    package let up: Double
    package let inBytes: Tally
    package let outBytes: Tally
    package let inPackets: Tally
    package let outPackets: Tally
    package let inBitsPerSecond: Int64
    package let outBitsPerSecond: Int64
    @ExplicitNull package private(set) var lossPercent: Double?
    @ExplicitNull package private(set) var minMs: Double?
    @ExplicitNull package private(set) var avgMs: Double?
    @ExplicitNull package private(set) var maxMs: Double?

    /// What 10 %, half and 90 % of the round trips took at most; null from daemons that do not tell.
    @ExplicitNull package private(set) var p10Ms: Double?
    @ExplicitNull package private(set) var medianMs: Double?
    @ExplicitNull package private(set) var p90Ms: Double?

    package init(_ step: TrafficStep, of kind: Kind) {
        self.time = step.time.iso8601
        self.seconds = Int(Int64(saturating: step.seconds))
        self.reports = step.reports
        self.up =
            kind == .tunnel
            ? Self.rounded(Double(step.up) * 100 / Double(max(1, step.reports))) : Double(step.up)
        self.inBytes = step.inBytes
        self.outBytes = step.outBytes
        self.inPackets = step.inPackets
        self.outPackets = step.outPackets
        self.inBitsPerSecond = Int64(saturating: step.rate(step.inBytes))
        self.outBitsPerSecond = Int64(saturating: step.rate(step.outBytes))
        self.lossPercent = step.loss.map(Self.rounded)
        self.minMs = step.shortest.map(Self.rounded)
        self.avgMs = step.mean.map(Self.rounded)
        self.maxMs = step.longest.map(Self.rounded)
        let quantile = { share in step.roundTrips?.quantile(share).map { Self.rounded($0 / 1000) } }
        (self.p10Ms, self.medianMs, self.p90Ms) = (quantile(0.1), quantile(0.5), quantile(0.9))
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
