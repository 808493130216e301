internal import Foundation
internal import Wire

/// Since when a daemon counted what it reports for the first time.
///
/// What was counted before a first report belongs to the time since the daemon began to count: its start, or, of a tunnel
/// that the same daemon did not have yet, the report before. Pure: times are parameters.
struct CountingStart: Hashable, Sendable {
    /// Nil when nobody knows: the first report is only compared with then.
    let time: Date?

    /// - Parameters:
    ///   - report: The report in which something is counted for the first time.
    ///   - now: When it came.
    ///   - earlier: When the PoP reported before; nil when it never did.
    init(_ report: ReceivedReport, at now: Date, after earlier: Date?) {
        let start = report.uptime.map { now.addingTimeInterval(-Double($0)) }
        self.time = [start, earlier].compactMap(\.self).max()
    }
}
