internal import Foundation
package import Wire

/// Makes a capture of what a daemon says about packets, with its decisions as comments.
package struct TracedPackets {
    /// A line of the trace.
    private struct Line: Decodable {
        let packet: UInt64
        let time: Int64
        let microsecond: UInt32?
        let text: String
        let octets: String?
    }

    /// How many decisions are kept about a packet, and how long each may be.
    private static let (mostDecisions, longestDecision) = (64, 300)

    private var number: UInt64?
    private var microseconds: UInt64 = 0
    private var octets: [UInt8] = []
    private var decisions: [String] = []

    package init() {}

    /// What every capture begins with.
    package static func head(_ tunnel: TunnelNumber) -> [UInt8] {
        PcapngWriter.head(interface: "\(tunnel)", program: "sixxs-central \(Release.version)")
    }

    /// Takes a line of a trace; what is none is passed over.
    ///
    /// - Returns: The packet before, when the line is about another one; nothing otherwise.
    package mutating func take(_ text: String) -> [UInt8] {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)) else { return [] }
        var written: [UInt8] = []
        if line.packet != self.number {
            written = self.finish()
            self.number = line.packet
            let seconds = UInt64(clamping: line.time).multipliedReportingOverflow(by: 1_000_000)
            self.microseconds = seconds.overflow ? 0 : seconds.partialValue &+ UInt64(line.microsecond ?? 0)
        }
        if self.octets.isEmpty, let digits = line.octets { self.octets = Self.octets(digits) }
        if self.decisions.count < Self.mostDecisions {
            self.decisions.append(line.text.printable.shortened(to: Self.longestDecision))
        }
        return written
    }

    /// Ends what was begun.
    ///
    /// - Returns: The last packet; nothing when there was none.
    package mutating func finish() -> [UInt8] {
        guard self.number != nil else { return [] }
        let comment = self.decisions.joined(separator: "\n")
        let block = PcapngWriter.packet(self.octets, at: self.microseconds, comment: comment)
        (self.number, self.octets, self.decisions) = (nil, [], [])
        return block
    }

    /// Nothing for what is not pairs of hexadecimal digits.
    private static func octets(_ digits: String) -> [UInt8] {
        let nibbles = digits.compactMap(\.hexDigitValue)
        guard nibbles.count == digits.utf8.count, nibbles.count.isMultiple(of: 2) else { return [] }
        return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
    }
}
