internal import Central
internal import Wire

/// What tunnels that share something moved, as `--json` prints it.
struct TrafficDocument: Encodable {
    let by: String
    @ExplicitNull private(set) var name: String?
    let tunnels: Int

    /// From the users.
    let inBytes: Tally

    /// To the users.
    let outBytes: Tally

    init(_ row: RankTraffic.Row, by key: RankTraffic.Key) {
        self.by = key.rawValue
        self.name = row.name
        self.tunnels = row.tunnelCount
        self.inBytes = row.fromUser
        self.outBytes = row.toUser
    }

    static func table(_ documents: [TrafficDocument], by key: RankTraffic.Key) -> TextTable {
        let isTunnel = key == .tunnel
        var table = TextTable(
            [.left(key.rawValue.uppercased())] + (isTunnel ? [] : [.right("TUNNELS")])
                + [.right("FROM USER"), .right("TO USER"), .right("TOGETHER")]
        )
        for row in documents {
            let octets = [row.inBytes.value, row.outBytes.value, [row.inBytes, row.outBytes].sum.value]
            table.append(
                [row.name ?? "nobody"] + (isTunnel ? [] : ["\(row.tunnels)"])
                    + octets.map { HumanFormat.octets($0) }
            )
        }
        return table
    }
}
