/// The words of one command line, read from left to right.
public struct Words: Sendable {
    /// One word and where it stands.
    public struct Word: Hashable, Sendable {
        /// The word's octets as they were written.
        let octets: ArraySlice<UInt8>

        /// Column of its first octet, counted from 1; a tab is one.
        public let column: Int

        /// The word as it was written.
        public var text: String { String(decoding: self.octets, as: UTF8.self) }

        /// Whether the word is this keyword, in any case.
        public func isKeyword(_ keyword: String) -> Bool { self.octets.spells(keyword) }
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

    private let line: ArraySlice<UInt8>
    /// Where the next word stands; empty at the line's end.
    private var upcoming: Range<Int>
    private var disclosure = Disclosure.everything

    /// Splits a line at blanks and tabs; a line that begins with `#` or `//` has no words.
    public init(_ line: some StringProtocol) {
        self.init(octets: Array(line.utf8)[...])
    }

    /// Splits a line of UTF-8.
    init(octets line: ArraySlice<UInt8>) {
        self.line = line
        self.upcoming = Self.word(in: line, from: line.startIndex)
        let first = line[self.upcoming]
        let isComment = first.first == UInt8(ascii: "#") || first.starts(with: "//".utf8)
        if isComment { self.upcoming = line.endIndex..<line.endIndex }
    }

    /// Where the first word behind a place stands.
    private static func word(in line: ArraySlice<UInt8>, from place: Int) -> Range<Int> {
        var start = place
        while start < line.endIndex, Self.isBlank(line[start]) { start += 1 }
        var end = start
        while end < line.endIndex, !Self.isBlank(line[end]) { end += 1 }
        return start..<end
    }

    private static func isBlank(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t")
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
            case .numbers: word.octets.allSatisfy(\.isDecimalDigit)
            case .nothing: false
            }
        return isQuoted ? "\"\(word.text)\"" : "\(word.octets.count) octets"
    }

    /// Whether no word is left.
    public var isAtEnd: Bool { self.upcoming.isEmpty }

    /// Where the words that are left stand.
    public var columns: [Int] {
        var words = self
        return words.rest().map(\.column)
    }

    /// The next word, not taken; nil at the end.
    public var peek: Word? {
        guard !self.isAtEnd else { return nil }
        let column = self.upcoming.lowerBound - self.line.startIndex + 1
        return Word(octets: self.line[self.upcoming], column: column)
    }

    /// Takes the next word, or nil at the end.
    public mutating func next() -> Word? {
        guard let word = self.peek else { return nil }
        self.upcoming = Self.word(in: self.line, from: self.upcoming.upperBound)
        return word
    }

    /// Takes all words that are left.
    public mutating func rest() -> [Word] {
        var words: [Word] = []
        while let word = self.next() { words.append(word) }
        return words
    }

    /// Takes the next word.
    ///
    /// - Throws: ``Failure`` at the end of the line.
    public mutating func next(expecting expected: @autoclosure () -> String) throws(Failure) -> Word {
        guard let word = self.next() else {
            throw Failure(column: self.line.count + 1, expected: expected(), found: "end of line")
        }
        return word
    }

    /// Takes the next word and converts it.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the conversion throws or gives nil.
    public mutating func next<Value>(
        expecting expected: @autoclosure () -> String,
        as convert: (String) throws(SyntaxError) -> Value?
    ) throws(Failure) -> Value {
        let word = try self.next(expecting: expected())
        do {
            if let value = try convert(word.text) { return value }
        } catch {
            throw Failure(column: word.column, expected: error.expected, found: self.quoted(word))
        }
        throw Failure(column: word.column, expected: expected(), found: self.quoted(word))
    }

    /// Takes the next word and converts it, without making a text of it first.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the conversion gives nil.
    mutating func read<Value>(
        expecting expected: @autoclosure () -> String,
        _ convert: (Word) -> Value?
    ) throws(Failure) -> Value {
        let word = try self.next(expecting: expected())
        if let value = convert(word) { return value }
        throw Failure(column: word.column, expected: expected(), found: self.quoted(word))
    }

    /// Takes the next word as a decimal number.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the word is no number of the range.
    public mutating func nextNumber(_ name: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        try self.read(expecting: "\(name), \(range.lowerBound) to \(range.upperBound)") { word in
            word.octets.decimalValue.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Takes the next word as one of some keywords, in any case.
    ///
    /// - Throws: ``Failure`` at the end of the line, or when the word is none of them.
    public mutating func nextKeyword<Value>(
        of keywords: KeyValuePairs<String, Value>
    ) throws(Failure) -> Value {
        try self.read(expecting: keywords.map(\.key).joined(separator: " or ")) { word in
            keywords.first { word.isKeyword($0.key) }?.value
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
