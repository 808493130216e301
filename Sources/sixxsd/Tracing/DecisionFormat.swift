import Core
import Foundation
import Wire

/// How decisions are shown: for people or for programs.
enum DecisionFormat: Sendable {
    case text
    case json

    /// A decision as JSON has it.
    private struct Row: Encodable {
        let packet: UInt64
        let time: Int64
        /// Of the second.
        var microsecond: UInt32?
        let tid: String?
        let step: String
        let text: String
        /// The packet in hexadecimal digits, once for each.
        var octets: String?
    }

    /// One line for a decision.
    ///
    /// - Parameters:
    ///   - entry: The decision.
    ///   - packet: What number its packet has for the reader, from 1.
    ///   - octets: The packet, for those who want it.
    /// - Returns: The line, without an end.
    func line(_ entry: DecisionLogEntry, packet: Int, octets: [UInt8]? = nil) -> String {
        switch self {
        case .text: "\(packet) \(entry.decision)"
        case .json:
            Self.json(
                Row(
                    packet: UInt64(packet),
                    time: entry.timestamp.unixTime,
                    microsecond: entry.timestamp.nanosecond / 1000,
                    tid: entry.tid.map { "\($0)" },
                    step: entry.decision.step,
                    text: "\(entry.decision)",
                    octets: octets?.hexadecimalText
                )
            )
        }
    }

    /// One line for the way that a packet would take.
    ///
    /// - Parameters:
    ///   - way: The way.
    ///   - obstacle: What is special about the packet's tunnel; nil for nothing.
    ///   - packet: What number the packet has for the reader, from 1.
    ///   - time: When it came, in seconds since 1970.
    /// - Returns: The line, without an end.
    func line(_ way: ExplainedWay, _ obstacle: PlainTunnel.Obstacle?, packet: Int, at time: Int64) -> String {
        switch self {
        case .text: "\(packet) \(way.line(obstacle))"
        case .json:
            Self.json(
                Row(
                    packet: UInt64(packet),
                    time: time,
                    tid: way.tid.map { "\($0)" },
                    step: "way",
                    text: way.text(obstacle)
                )
            )
        }
    }

    private static func json(_ row: Row) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(row)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
