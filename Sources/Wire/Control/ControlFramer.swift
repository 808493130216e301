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
        /// Something that is no text, known as soon as it comes.
        case binary
    }

    /// What lines may be made of.
    public enum Content: Hashable, Sendable {
        /// Any octets at all.
        case octets
        /// UTF-8 without the control characters that no terminal sends.
        case text
    }

    /// How much memory is kept for what may come, in octets.
    private static let keptCapacity = 64 << 10

    /// In octets, without the line's end.
    var maximumLineLength: Int
    private let content: Content
    private var octets: [UInt8] = []
    /// How many of the octets have been taken.
    private var start = 0
    /// How far the search for a line's end has come.
    private var searched = 0

    /// Creates a framer.
    ///
    /// - Parameters:
    ///   - maximumLineLength: In octets, without the line's end.
    ///   - content: What lines may be made of.
    public init(maximumLineLength: Int, of content: Content = .octets) {
        self.maximumLineLength = maximumLineLength
        self.content = content
    }

    /// Takes octets that have arrived.
    public mutating func append(_ octets: some Sequence<UInt8>) {
        if self.start > 4096, self.start > self.octets.count / 2 { self.compact() }
        self.octets.append(contentsOf: octets)
    }

    /// Makes room for a body that is to come, so that it isn't moved while it grows.
    public mutating func expectBody(count: Int) {
        self.compact()
        self.octets.reserveCapacity(count)
    }

    private mutating func compact() {
        if self.octets.capacity > Self.keptCapacity {
            // What a large body took is given back.
            self.octets = Array(self.octets[self.start...])
        } else {
            self.octets.removeFirst(self.start)
        }
        self.searched = max(self.searched - self.start, 0)
        self.start = 0
    }

    /// How many octets have arrived and were not taken.
    public var available: Int { self.octets.count - self.start }

    /// Takes the next line, or nil when its end has not arrived.
    ///
    /// What is no line is reported as soon as it is known to be none; what follows is not usable.
    public mutating func nextLine() -> Line? {
        let unseen = self.octets[max(self.searched, self.start)...]
        guard let end = unseen.firstIndex(where: self.endsSearch) else {
            self.searched = self.octets.count
            return self.available > self.maximumLineLength + 1 ? .tooLong : nil
        }
        guard self.octets[end] == UInt8(ascii: "\n") else {
            return end - self.start > self.maximumLineLength + 1 ? .tooLong : .binary
        }
        var line = self.octets[self.start..<end]
        self.start = end + 1
        self.searched = self.start
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= self.maximumLineLength else { return .tooLong }
        return self.decode(line)
    }

    private func endsSearch(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: "\n") || self.content == .text && ForeignProtocol.isBinary(octet)
    }

    private func decode(_ line: ArraySlice<UInt8>) -> Line {
        switch self.content {
        case .octets: .line(String(decoding: line, as: UTF8.self))
        case .text: String(validating: line, as: UTF8.self).map { .line($0) } ?? .binary
        }
    }

    /// Takes a body of exactly this many octets, or nil when they have not all arrived.
    public mutating func nextBody(count: Int) -> [UInt8]? {
        guard self.available >= count else { return nil }
        let body: [UInt8]
        if self.start == 0, self.available == count {
            // The whole of it: not copied.
            body = self.octets
            self.octets = []
            self.start = 0
        } else {
            body = Array(self.octets[self.start..<self.start + count])
            self.start += count
            self.compact()
        }
        self.searched = self.start
        return body
    }
}
