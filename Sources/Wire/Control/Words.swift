/// The words of one command line, read from left to right.
public struct Words: Sendable {
    /// One word and where it stands.
    public struct Word: Hashable, Sendable {
        /// The word as it was written.
        public let text: String

        /// Column of its first octet, counted from 1; a tab is one.
        public let column: Int

        /// Whether the word is this keyword, in any case.
        public func isKeyword(_ keyword: String) -> Bool {
            self.text.utf8.count == keyword.utf8.count && self.text.lowercased() == keyword
        }
    }

    /// What is wrong with a line, and in which column.
    public struct Failure: Error, Hashable, Sendable {
        /// Column of the offending word, counted from 1.
        public let column: Int

        /// What would have been accepted, as a noun phrase.
        public let expected: String

        /// What stood there instead, in quotes, or "end of line".
        public let found: String

        /// Creates a failure.
        public init(column: Int, expected: String, found: String) {
            self.column = column
            self.expected = expected
            self.found = found
        }
    }

    private let words: [Word]
    private var position = 0
    private var disclosure = Disclosure.everything
    private let endColumn: Int

    /// Splits a line at blanks and tabs; a line that begins with `#` or `//` has no words.
    public init(_ line: some StringProtocol) {
        let octets = Array(line.utf8)
        let split = octets.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let words = split.map { Word(text: String(decoding: $0, as: UTF8.self), column: $0.startIndex + 1) }
        let isComment = words.first.map { $0.text.hasPrefix("#") || $0.text.hasPrefix("//") } ?? false
        self.words = isComment ? [] : words
        self.endColumn = octets.count + 1
    }

    /// What failures may repeat of a line that holds a secret.
    public enum Disclosure: Sendable {
        case everything
        /// Where a number belongs, a secret may have slipped in, but no number is one.
        case numbers
        case nothing
    }

    /// Says what failures about the words that are left may repeat; of others they tell the length.
    public mutating func disclose(_ disclosure: Disclosure) { self.disclosure = disclosure }

    private func quoted(_ word: Word) -> String {
        let isQuoted =
            switch self.disclosure {
            case .everything: true
            case .numbers: word.text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            case .nothing: false
            }
        return isQuoted ? "\"\(word.text)\"" : "\(word.text.utf8.count) octets"
    }

    /// Whether no word is left.
    public var isAtEnd: Bool { self.position == self.words.count }

    /// Where the words that are left stand.
    public var columns: [Int] { self.words[self.position...].map(\.column) }

    /// The next word, not taken; nil at the end.
    public var peek: Word? { self.isAtEnd ? nil : self.words[self.position] }

    /// Takes the next word, or nil at the end.
    public mutating func next() -> Word? {
        guard let word = self.peek else { return nil }
        self.position += 1
        return word
    }

    /// Takes all words that are left.
    public mutating func rest() -> [Word] {
        defer { self.position = self.words.count }
        return Array(self.words[self.position...])
    }

    /// Takes the next word.
    ///
    /// - Throws: ``Failure`` at the end of the line.
    public mutating func next(expecting expected: String) throws(Failure) -> Word {
        guard let word = self.next() else {
            throw Failure(column: self.endColumn, expected: expected, found: "end of line")
        }
        return word
    }

    /// Takes the next word and converts it.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the conversion throws or gives nil.
    public mutating func next<Value>(
        expecting expected: String,
        as convert: (String) throws(SyntaxError) -> Value?
    ) throws(Failure) -> Value {
        let word = try self.next(expecting: expected)
        do {
            if let value = try convert(word.text) { return value }
        } catch {
            throw Failure(column: word.column, expected: error.expected, found: self.quoted(word))
        }
        throw Failure(column: word.column, expected: expected, found: self.quoted(word))
    }

    /// Takes the next word as a decimal number.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the word is no number of the range.
    public mutating func nextNumber(_ name: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        let expected = "\(name), \(range.lowerBound) to \(range.upperBound)"
        return try self.next(expecting: expected) { text in
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
                return nil
            }
            return range.contains(number) ? number : nil
        }
    }

    /// Takes the next word as one of some keywords, in any case.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the word is none of them.
    public mutating func nextKeyword<Value>(
        of keywords: KeyValuePairs<String, Value>
    ) throws(Failure) -> Value {
        let expected = keywords.map(\.key).joined(separator: " or ")
        return try self.next(expecting: expected) { text in
            let lowered = text.lowercased()
            return keywords.first { $0.key == lowered }?.value
        }
    }

    /// Checks that no word is left.
    ///
    /// - Throws: ``Failure`` with the first word too many.
    public func end() throws(Failure) {
        guard let word = self.peek else { return }
        throw Failure(column: word.column, expected: "end of line", found: self.quoted(word))
    }
}
