internal import Central
internal import Foundation
internal import Streams

extension DownTunnelDocument {
    /// As people read them.
    static func table(_ documents: [DownTunnelDocument], now: Date) -> TextTable {
        var table = TextTable([
            .left("TUNNEL"), .left("POP"), .left("TYPE", rank: 2), .left("OWNER"), .left("DOWN SINCE"),
            .right("AGE", rank: 1), .right("REPORTED", rank: 3),
        ])
        for document in documents {
            let (tunnel, since, reported) = (document.tunnel, document.since, document.reported)
            table.append([
                tunnel.tunnel, tunnel.pop, tunnel.type, tunnel.owner,
                since?.iso8601 ?? (reported == nil ? "never reported" : "never up"),
                since.map { HumanFormat.age($0, now: now) }, reported.map { HumanFormat.age($0, now: now) },
            ])
        }
        return table
    }
}

extension ListDownTunnels.Silence {
    /// What it means for the list.
    func note(now: Date) -> PrintedText {
        let last: PrintedText =
            self.reported.map { "as it reported \(HumanFormat.age($0, now: now))" } ?? "unknown"
        return "note: \(self.pop) has not answered since \(self.since.iso8601): its tunnels are \(last)"
    }
}
