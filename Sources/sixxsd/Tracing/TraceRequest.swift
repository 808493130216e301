import Core
import Wire

/// A `trace` line, or a `tunnel set debug … on`, understood.
struct TraceRequest: Sendable {
    /// The most decisions that are shown a second; the rest are counted.
    static let linesPerSecond = 500

    let tid: TID
    /// What the tunnel is called in the lines.
    let name: String
    /// After how many packets it ends; nil for never.
    let packets: Int?
    /// After how long it ends; nil for never.
    let seconds: Int?
    let format: DecisionFormat
    /// Whether packets are shown too, once each; as JSON only.
    let showsPackets: Bool

    /// Reads what follows the tunnel in a `trace` line.
    ///
    /// - Throws: ``Wire/Words/Failure`` with the first word that is wrong.
    init(_ tid: TID, named name: String, _ words: inout Words) throws(Words.Failure) {
        var packets = 100
        var seconds = 60
        var format = DecisionFormat.text
        var showsPackets = false
        while let word = words.next() {
            if word.isKeyword("packets") {
                packets = try words.nextNumber("a number of packets", in: 1...100_000)
            } else if word.isKeyword("seconds") {
                seconds = try words.nextNumber("seconds", in: 1...3600)
            } else if word.isKeyword("octets") {
                (format, showsPackets) = (.json, true)
            } else if word.isKeyword("--json") {
                format = .json
            } else {
                let expected = "packets, seconds, octets or --json"
                throw Words.Failure(column: word.column, expected: expected, found: "\"\(word.text)\"")
            }
        }
        self.tid = tid
        self.name = name
        self.packets = packets
        self.seconds = seconds
        self.format = format
        self.showsPackets = showsPackets
    }

    /// Traces until somebody says stop.
    init(debugging tid: TID, named name: String) {
        self.tid = tid
        self.name = name
        self.packets = nil
        self.seconds = nil
        self.format = .text
        self.showsPackets = false
    }
}
