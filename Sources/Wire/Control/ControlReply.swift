/// What the daemon answers on its control port: one line, or several between a count and an end.
///
/// On the wire `200 text`, or `201 <n>`, n lines and `200 OK`; lines end with LF.
public struct ControlReply: Hashable, Sendable {
    /// The code: 2xx fine, 4xx the caller's mistake, 5xx the daemon's.
    public let code: Int

    /// The text behind the code; `OK` when there are ``lines``.
    public let text: String

    /// The lines of a reply of several, nil for a reply of one line.
    public let lines: [String]?

    /// Creates a reply of one line; line breaks in the text become blanks, what cannot be seen becomes `?`.
    public init(_ code: Int, _ text: String) {
        self.code = code
        self.text = Self.oneLine(text)
        self.lines = nil
    }

    /// Creates a reply of several lines; line breaks inside them become blanks, what cannot be seen becomes `?`.
    public init(_ code: Int, lines: [String]) {
        self.code = code
        self.text = "OK"
        self.lines = lines.map(Self.oneLine)
    }

    /// What a stranger sent and is told back must not move the cursor of an operator's terminal; tabs indent.
    fileprivate static func oneLine(_ text: String) -> String {
        // Listings have thousands of lines, and hardly one with anything to clean.
        if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 }) { return text }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.split(separator: "\t", omittingEmptySubsequences: false).map(\.printable).joined(
            separator: "\t"
        )
    }

    /// Whether the code says that all went well.
    public var isSuccess: Bool { (200..<300).contains(self.code) }

    /// The reply as it goes over the line.
    public var encoded: [UInt8] {
        guard let lines = self.lines else { return Array("\(self.code) \(self.text)\n".utf8) }
        var octets = Array("\(self.code / 100)01 \(lines.count)\n".utf8)
        for line in lines {
            octets.append(contentsOf: line.utf8)
            octets.append(UInt8(ascii: "\n"))
        }
        octets.append(contentsOf: "\(self.code) \(self.text)\n".utf8)
        return octets
    }
}

/// Why what a daemon sent is no reply.
public enum ControlReplyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A line doesn't begin with a code of three digits; the line, cut to 80 characters, controls as `?`.
    case noCode(String)
    /// A line or a whole reply is longer than is sensible, in octets.
    case tooLong(limit: Int)
    /// A reply has, or announces, more lines than are sensible.
    case tooManyLines(limit: Int)
    /// The line that should end a reply of several has another code's digit; the line.
    case wrongEnd(String)

    /// One sentence for people.
    public var description: String {
        switch self {
        case .noCode(let line): "expected a reply with a code of three digits, found \"\(line)\""
        case .tooLong(let limit): "expected a reply of at most \(limit) octets, found a longer one"
        case .tooManyLines(let limit): "expected a reply of at most \(limit) lines, found more"
        case .wrongEnd(let line): "expected the last line of a reply, found \"\(line)\""
        }
    }
}

/// How much of one reply is read.
public struct ReplyLimit: Hashable, Sendable {
    /// In octets, line ends included, and what each line takes in memory beside its text.
    public let octets: Int

    /// Between the count and the end of a reply of several lines.
    public let lines: Int

    /// The most that any reply has.
    public static let greatest = ReplyLimit(octets: 64 << 20, lines: 4 << 20)

    /// Creates a limit.
    public init(octets: Int, lines: Int) {
        self.octets = octets
        self.lines = lines
    }
}

/// Puts replies together from the octets of a connection, in bounded memory.
public struct ControlReplyParser: Sendable {
    /// How much of the text behind a code is kept, in octets: it is for people, who read no more.
    private static let longestText = 4096

    /// What a line counts for beside its text: about what it takes in memory, in octets.
    private static let lineCost = 16

    /// How much of the next reply is accepted.
    public var limit: ReplyLimit {
        didSet { self.framer.maximumLineLength = self.limit.octets }
    }

    private var framer: ControlFramer
    private var length = 0
    /// The reply of several lines that is under way.
    private var pending: (digit: Int, missing: Int, lines: [String])?

    /// Creates a parser at the start of a connection.
    ///
    /// - Parameter limit: How much of a reply is accepted.
    public init(limit: ReplyLimit = .greatest) {
        self.limit = limit
        self.framer = ControlFramer(maximumLineLength: limit.octets)
    }

    /// Takes octets that have arrived.
    public mutating func append(_ octets: some Sequence<UInt8>) {
        self.framer.append(octets)
    }

    /// Takes the next whole reply, or nil when more octets are needed.
    ///
    /// - Throws: ``ControlReplyError``; the connection is of no use then.
    public mutating func next() throws(ControlReplyError) -> ControlReply? {
        while let line = self.framer.nextLine() {
            guard case .line(let text) = line else { throw .tooLong(limit: self.limit.octets) }
            if let reply = try self.take(text) {
                self.length = 0
                return reply
            }
        }
        return nil
    }

    private mutating func take(_ line: String) throws(ControlReplyError) -> ControlReply? {
        // Each line costs memory of its own, even an empty one.
        self.length += line.utf8.count + Self.lineCost
        guard self.length <= self.limit.octets else { throw .tooLong(limit: self.limit.octets) }
        guard var pending = self.pending else { return try self.first(line) }
        if pending.missing > 0 {
            // The optional is emptied first, so that the array is not copied for each line.
            self.pending = nil
            pending.lines.append(line)
            pending.missing -= 1
            self.pending = pending
            return nil
        }
        let (code, _) = try Self.split(line)
        guard code / 100 == pending.digit else { throw .wrongEnd(Self.quoted(line)) }
        self.pending = nil
        return ControlReply(code, lines: pending.lines)
    }

    private mutating func first(_ line: String) throws(ControlReplyError) -> ControlReply? {
        let (code, text) = try Self.split(line)
        guard code % 100 == 1, !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return ControlReply(code, text.shortened(to: Self.longestText))
        }
        // Many digits may mean more than fits a number.
        guard let count = Int(text), count <= self.limit.lines else {
            throw .tooManyLines(limit: self.limit.lines)
        }
        self.pending = (code / 100, count, [])
        return nil
    }

    /// The beginning of a line for an error, without what would move the cursor of an operator's terminal.
    private static func quoted(_ line: String) -> String { ControlReply.oneLine(String(line.prefix(80))) }

    private static func split(_ line: String) throws(ControlReplyError) -> (code: Int, text: String) {
        let digits = line.utf8.prefix(3)
        let rest = line.utf8.dropFirst(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let code = Int(line.prefix(3)),
            (100...599).contains(code), rest.isEmpty || rest.first == UInt8(ascii: " ")
        else { throw .noCode(Self.quoted(line)) }
        return (code, String(decoding: rest.dropFirst(), as: UTF8.self))
    }
}
