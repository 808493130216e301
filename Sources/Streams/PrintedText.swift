internal import Wire

/// Text that may reach a person's terminal or a log.
///
/// Written as a literal it is the program's own: line breaks and control sequences in it are meant. Whatever is put into
/// the literal with `\()` may be somebody else's, so it becomes one line and is cleaned. Nothing is printed that is not
/// of this type, so that nothing can forget to clean.
public struct PrintedText: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// What is printed.
    public let description: String

    private init(trusted text: String) { self.description = text }

    /// Takes the program's own words as they are.
    public init(stringLiteral value: String) { self.init(trusted: value) }

    /// Takes a literal of which the parts between `\()` were cleaned.
    public init(stringInterpolation: StringInterpolation) { self.init(trusted: stringInterpolation.text) }

    /// A text of several lines: rows that programs of ours made of clean cells, or a file that is shown.
    ///
    /// - Parameter lines: Line feeds and tabs stay, everything else is cleaned.
    public init(lines: some StringProtocol) { self.init(trusted: lines.printableLines) }

    /// One line a row; a line break inside a row becomes a blank.
    public init(rows: some Sequence<some StringProtocol>) {
        self.init(trusted: rows.map { $0.printable }.joined(separator: "\n"))
    }

    /// One line; a line break in it becomes a blank.
    public init(row: String) { self.init(trusted: row.printable) }

    /// Texts that are clean already, with another between them.
    public init(joining texts: some Sequence<PrintedText>, by separator: PrintedText = "\n") {
        self.init(trusted: texts.lazy.map(\.description).joined(separator: separator.description))
    }

    /// An error as a person reads it: one line, or those that it says it has.
    public init(_ error: any Error) {
        if let error = error as? any ErrorInLines {
            self.init(rows: error.lines)
        } else {
            self.init(trusted: "\(error)".printable)
        }
    }

    /// JSON that an encoder made: whatever cannot be seen is written as `\u` and stays the same value.
    public init(json: String) {
        var json = json
        let isPlain = json.withUTF8 { octets in
            octets.allSatisfy { $0 &- 0x20 < 0x5f || $0 == 0x0a }
        }
        self.init(trusted: isPlain ? json : Self.escaped(json))
    }

    private static func escaped(_ json: String) -> String {
        json.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.printable == line ? String(line) : Self.escaped(line: line)
        }.joined(separator: "\n")
    }

    private static func escaped(line: Substring) -> String {
        line.unicodeScalars.map { scalar in
            let text = String(scalar)
            guard text.firstUnprintable != nil, scalar != "\u{fffd}" else { return text }
            return text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }.joined()
    }

    /// Both, one behind the other.
    public static func + (lhs: Self, rhs: Self) -> Self { Self(trusted: lhs.description + rhs.description) }

    /// The literal's parts and what is put between them.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        /// Begins with nothing.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.text.reserveCapacity(literalCapacity)
        }

        /// Takes the program's own words as they are.
        public mutating func appendLiteral(_ literal: String) { self.text += literal }

        /// Takes what is clean already.
        public mutating func appendInterpolation(_ text: PrintedText) { self.text += text.description }

        /// Takes an error, in the lines that it says it has.
        public mutating func appendInterpolation(_ error: some Error) {
            self.text += PrintedText(error).description
        }

        /// Takes anything, as one line.
        public mutating func appendInterpolation(_ value: some Any) { self.text += "\(value)".printable }
    }
}

/// An error whose description has several lines because the program made them.
public protocol ErrorInLines: Error {
    /// Without line breaks in them.
    var lines: [String] { get }
}
