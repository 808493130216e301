package import Foundation

/// A tunnel that is down as `--json` prints it: the tunnel, and since when.
package struct DownTunnelDocument: Encodable, Sendable {
    package let tunnel: TunnelDocument
    package let since: Date?
    package let reported: Date?

    private enum CodingKeys: String, CodingKey {
        case since, reported
    }

    package init(_ row: ListDownTunnels.Row) {
        self.tunnel = row.tunnel
        self.since = row.since
        self.reported = row.reported
    }

    package func encode(to encoder: any Encoder) throws {
        try self.tunnel.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.since?.iso8601, forKey: .since)
        try container.encode(self.reported?.iso8601, forKey: .reported)
    }
}
