internal import Central
internal import Wire

extension StepDocument {
    /// As people read them.
    static func table(_ documents: [StepDocument], of kind: Kind) -> TextTable {
        let isTunnel = kind == .tunnel
        var table = TextTable(
            [.left("TIME"), .right("UP")]
                + (isTunnel
                    ? [.right("FROM USER"), .right("TO USER")]
                    : [.right("TO UPLINK"), .right("FROM UPLINK")])
                + (isTunnel
                    ? [
                        .right("LOSS", rank: 1), .right("LOW MS", rank: 3), .right("AVG MS", rank: 1),
                        .right("HIGH MS", rank: 2),
                    ] : [])
        )
        for step in documents {
            let latencies =
                isTunnel
                ? [step.lossPercent.map { "\($0) %" }]
                    + [step.p10Ms ?? step.minMs, step.avgMs, step.p90Ms ?? step.maxMs].map {
                        $0.map { "\($0)" }
                    } : []
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
