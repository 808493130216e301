internal import Central
internal import Foundation
internal import Wire

/// What a step holds as `--json` prints it.
struct StepDocument: Encodable {
    /// What it is of.
    enum Kind: Sendable {
        case tunnel
        case pop
    }

    let time: String
    let seconds: Int
    let reports: Int
    let up: Double
    let inBytes: Tally
    let outBytes: Tally
    let inPackets: Tally
    let outPackets: Tally
    let inBitsPerSecond: Int64
    let outBitsPerSecond: Int64
    @ExplicitNull private(set) var lossPercent: Double?
    @ExplicitNull private(set) var minMs: Double?
    @ExplicitNull private(set) var avgMs: Double?
    @ExplicitNull private(set) var maxMs: Double?

    init(_ step: TrafficStep, of kind: Kind) {
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
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    static func table(_ documents: [StepDocument], of kind: Kind) -> TextTable {
        let isTunnel = kind == .tunnel
        var table = TextTable(
            [.left("TIME"), .right("UP")]
                + (isTunnel
                    ? [.right("FROM USER"), .right("TO USER")]
                    : [.right("TO UPLINK"), .right("FROM UPLINK")])
                + (isTunnel
                    ? [
                        .right("LOSS", rank: 1), .right("MIN MS", rank: 3), .right("AVG MS", rank: 1),
                        .right("MAX MS", rank: 2),
                    ] : [])
        )
        for step in documents {
            let latencies =
                isTunnel
                ? [step.lossPercent.map { "\($0) %" }]
                    + [step.minMs, step.avgMs, step.maxMs].map { $0.map { "\($0)" } } : []
            table.append(
                [
                    step.time, isTunnel ? "\(Int64(saturating: step.up)) %" : "\(Int64(saturating: step.up))",
                    HumanFormat.bitRate(step.inBitsPerSecond), HumanFormat.bitRate(step.outBitsPerSecond),
                ] + latencies
            )
        }
        return table
    }
}
