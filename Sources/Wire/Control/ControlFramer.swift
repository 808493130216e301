/// Cuts the octets of a control connection into lines, and into bodies of a known length between them.
///
/// Holds at most one line of the maximum length, or one body, and what arrived behind it.
public struct ControlFramer: Sendable {
    /// A line, or what came instead of one.
    public enum Line: Hashable, Sendable {
        /// A line without its LF or CRLF; octets that are not UTF-8 are replaced by U+FFFD.
        case line(String)
        /// More octets than a line may have.
        case tooLong
    }

    /// In octets, without the line's end.
    var maximumLineLength: Int
    private var octets: [UInt8] = []
    /// How many of the octets have been taken.
    private var start = 0
    /// How far the search for a line's end has come.
    private var searched = 0

    /// Creates a framer.
    ///
    /// - Parameter maximumLineLength: In octets, without the line's end.
    public init(maximumLineLength: Int) {
        self.maximumLineLength = maximumLineLength
    }

    /// Takes octets that have arrived.
    public mutating func append(_ octets: some Sequence<UInt8>) {
        if self.start > 4096, self.start > self.octets.count / 2 { self.compact() }
        self.octets.append(contentsOf: octets)
    }

    private mutating func compact() {
        self.octets.removeFirst(self.start)
        self.searched -= self.start
        self.start = 0
    }

    /// How many octets have arrived and were not taken.
    public var available: Int { self.octets.count - self.start }

    /// Takes the next line, or nil when its end has not arrived.
    ///
    /// A line that is too long is reported as soon as it is known to be; what follows is not usable.
    public mutating func nextLine() -> Line? {
        guard let end = self.octets[max(self.searched, self.start)...].firstIndex(of: UInt8(ascii: "\n"))
        else {
            self.searched = self.octets.count
            return self.available > self.maximumLineLength + 1 ? .tooLong : nil
        }
        var line = self.octets[self.start..<end]
        self.start = end + 1
        self.searched = self.start
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= self.maximumLineLength else { return .tooLong }
        return .line(String(decoding: line, as: UTF8.self))
    }

    /// Takes a body of exactly this many octets, or nil when they have not all arrived.
    public mutating func nextBody(count: Int) -> [UInt8]? {
        guard self.available >= count else { return nil }
        let body = Array(self.octets[self.start..<self.start + count])
        self.start += count
        self.searched = self.start
        return body
    }
}
