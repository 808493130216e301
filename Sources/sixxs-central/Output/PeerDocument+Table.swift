internal import Central
internal import Wire

extension PeerDocument {
    /// As people read them.
    static func table(_ documents: [PeerDocument]) -> TextTable {
        var table = TextTable([
            .left("POP"), .left("OVER"), .right("PROBES", rank: 3), .right("LOSS"), .right("LOW MS", rank: 2),
            .right("MEDIAN MS"), .right("HIGH MS", rank: 1),
        ])
        for row in documents {
            let times = [row.p10Ms, row.medianMs, row.p90Ms].map { $0.map { "\($0)" } }
            table.append(
                [
                    row.peer, row.family == "ipv6" ? "IPv6" : "IPv4", "\(row.sent)",
                    row.lossPercent.map { "\($0) %" },
                ] + times
            )
        }
        return table
    }
}
