/// Cuts what comes over a connection of TIC into lines, and keeps no more than a bounded part of it.
public struct TICLines: Sendable {
    /// Octets of a line without its end.
    public static let longestLine = 1023

    /// Octets that may wait.
    public static let most = 8192

    /// What comes next.
    public enum Next: Hashable, Sendable {
        /// A line without its end, LF or CRLF.
        case line([UInt8])
        /// A line that is longer than any may be.
        case tooLong
    }

    private var octets: [UInt8] = []
    private var start = 0

    /// Creates one without anything.
    public init() {}

    /// How many octets wait.
    public var count: Int { self.octets.count - self.start }

    /// Takes what came.
    ///
    /// - Returns: Whether there was room for all of it; nothing is taken if not.
    public mutating func append(_ part: some Collection<UInt8>) -> Bool {
        guard part.count <= Self.most - self.count else { return false }
        if self.start > 0 {
            self.octets.removeFirst(self.start)
            self.start = 0
        }
        self.octets += part
        return true
    }

    /// The next line; nil when it has not come wholly.
    public mutating func next() -> Next? {
        let waiting = self.octets[self.start...]
        guard let end = waiting.firstIndex(of: UInt8(ascii: "\n")) else {
            // A carriage return may be there of which the line feed is not.
            return waiting.count > Self.longestLine + 1 ? .tooLong : nil
        }
        var line = waiting[..<end]
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        guard line.count <= Self.longestLine else { return .tooLong }
        self.start = end + 1
        return .line(Array(line))
    }
}
