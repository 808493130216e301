/// Why octets are no report of a daemon at all.
public enum ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// They are no JSON; what was expected, and at which octet, counted from 0.
    case notJSON(expected: String, place: Int)
    /// They are JSON without what makes a report.
    case notAReport

    /// One sentence for people; nothing of what a stranger wrote.
    public var description: String {
        switch self {
        case .notJSON(let expected, let place): "expected a report in JSON: \(expected) at octet \(place)"
        case .notAReport: "expected a report in JSON, found JSON without totals and tunnels"
        }
    }
}
