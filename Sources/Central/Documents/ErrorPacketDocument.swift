internal import Wire

/// An error of a tunnel with the packet that caused it, as `--json` prints it.
package struct ErrorPacketDocument: Encodable, Hashable, Sendable {
    package let error: String
    package let count: Int64
    package let summary: String

    /// The packet's first octets as hexadecimal digits.
    package let octets: String

    /// What the packet was, a line for each header.
    package let packet: [String]

    /// What the daemon would do with it now, step by step; null when not all of it was kept.
    @ExplicitNull package private(set) var explanation: [String]?

    package init(_ row: InspectErrors.Row) {
        self.error = row.kind
        self.count = row.count
        self.summary = row.summary
        self.octets = row.octets.hexadecimalText
        self.packet = row.words
        self.explanation = row.explanation
    }

    /// As people read it.
    package var lines: [String] {
        let head = self.summary.isEmpty ? "\(self.error): \(self.count.counted("time"))" : self.summary
        let steps = self.explanation.map { ["  would it come now:"] + $0.map { "    \($0)" } } ?? []
        return [head] + self.packet.map { "  \($0)" } + steps
    }
}
