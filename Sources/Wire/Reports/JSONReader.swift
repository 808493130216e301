/// Reads a JSON document (RFC 8259) from its octets, value by value; nothing is built that nobody asks for.
///
/// Strict: one value, no comments, no trailing commas. Containers may be nested ``maximumDepth`` deep.
struct JSONReader {
    /// Why the octets are no JSON, or not the value that was asked for.
    struct Failure: Error, Hashable, Sendable {
        /// Position of the offending octet, counted from 0.
        let place: Int

        /// What would have been accepted, as a noun phrase.
        let expected: String
    }

    /// A value that was read; of a container only that it was there.
    enum Value {
        case null
        case bool(Bool)
        case number(ArraySlice<UInt8>)
        case text(String)
        /// A text longer than was asked for.
        case longText
        case array
        case object
    }

    /// How many containers may be open at once.
    static let maximumDepth = 16

    /// In octets; longer keys are nobody's, and read as an empty one.
    private static let maximumKeyLength = 64

    private let octets: [UInt8]
    private var place = 0
    private var depth = 0
    /// Whether a comma must come before the next key or element.
    private var isBehindValue = false

    init(_ octets: [UInt8]) { self.octets = octets }

    private var upcoming: UInt8? { self.place < self.octets.count ? self.octets[self.place] : nil }

    func failure(_ expected: String) -> Failure { Failure(place: self.place, expected: expected) }

    private mutating func skipBlanks() {
        while let octet = self.upcoming, octet == 0x20 || octet == 0x09 || octet == 0x0a || octet == 0x0d {
            self.place += 1
        }
    }

    /// Takes an octet if it is the next one behind blanks.
    private mutating func takes(_ character: Unicode.Scalar) -> Bool {
        self.skipBlanks()
        guard self.upcoming == UInt8(ascii: character) else { return false }
        self.place += 1
        return true
    }

    private mutating func take(_ character: Unicode.Scalar) throws(Failure) {
        guard self.takes(character) else { throw self.failure("\"\(character)\"") }
    }

    /// Checks that nothing is left.
    ///
    /// - Throws: ``Failure``.
    mutating func end() throws(Failure) {
        self.skipBlanks()
        guard self.place == self.octets.count else { throw self.failure("the end") }
    }

    /// Whether an object begins here.
    mutating func isAtObject() -> Bool {
        self.skipBlanks()
        return self.upcoming == UInt8(ascii: "{")
    }

    /// Whether an array begins here.
    mutating func isAtArray() -> Bool {
        self.skipBlanks()
        return self.upcoming == UInt8(ascii: "[")
    }

    /// Enters an object; ``nextKey()`` goes through it.
    ///
    /// - Throws: ``Failure``.
    mutating func beginObject() throws(Failure) { try self.begin("{") }

    /// Enters an array; ``nextElement()`` goes through it.
    ///
    /// - Throws: ``Failure``.
    mutating func beginArray() throws(Failure) { try self.begin("[") }

    private mutating func begin(_ bracket: Unicode.Scalar) throws(Failure) {
        try self.take(bracket)
        guard self.depth < Self.maximumDepth else {
            throw self.failure("at most \(Self.maximumDepth) values inside each other")
        }
        self.depth += 1
        self.isBehindValue = false
    }

    /// Takes the next key of an object, or leaves it; its value must be read before the next one.
    ///
    /// - Throws: ``Failure``.
    mutating func nextKey() throws(Failure) -> String? {
        guard try self.goesOn(until: "}") else { return nil }
        self.skipBlanks()
        let key = try self.text(upTo: Self.maximumKeyLength) ?? ""
        try self.take(":")
        return key
    }

    /// Goes to the next element of an array, or leaves it; the element must be read before the next one.
    ///
    /// - Throws: ``Failure``.
    mutating func nextElement() throws(Failure) -> Bool { try self.goesOn(until: "]") }

    private mutating func goesOn(until bracket: Unicode.Scalar) throws(Failure) -> Bool {
        if self.takes(bracket) {
            self.depth -= 1
            self.isBehindValue = true
            return false
        }
        if self.isBehindValue { try self.take(",") }
        return true
    }

    /// Reads any value.
    ///
    /// - Parameter limit: The longest text that is wanted, in octets.
    /// - Returns: The value, or that there was a container.
    /// - Throws: ``Failure``.
    mutating func value(textUpTo limit: Int = 0) throws(Failure) -> Value {
        self.skipBlanks()
        defer { self.isBehindValue = true }
        switch self.upcoming {
        case UInt8(ascii: "{"):
            try self.beginObject()
            while try self.nextKey() != nil { _ = try self.value() }
            return .object
        case UInt8(ascii: "["):
            try self.beginArray()
            while try self.nextElement() { _ = try self.value() }
            return .array
        case UInt8(ascii: "\""): return try self.text(upTo: limit).map(Value.text) ?? .longText
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        default: return .number(try self.number())
        }
    }

    private mutating func word(_ word: String, _ value: Value) throws(Failure) -> Value {
        guard self.octets[self.place...].starts(with: word.utf8) else { throw self.failure(word) }
        self.place += word.utf8.count
        return value
    }

    private mutating func number() throws(Failure) -> ArraySlice<UInt8> {
        let start = self.place
        if self.upcoming == UInt8(ascii: "-") { self.place += 1 }
        let isZero = self.upcoming == UInt8(ascii: "0")
        let digits = try self.digits("a value")
        guard !isZero || digits == 1 else { throw self.failure("a number without leading zeros") }
        if self.upcoming == UInt8(ascii: ".") {
            self.place += 1
            _ = try self.digits("a digit")
        }
        if self.upcoming == UInt8(ascii: "e") || self.upcoming == UInt8(ascii: "E") {
            self.place += 1
            if self.upcoming == UInt8(ascii: "+") || self.upcoming == UInt8(ascii: "-") { self.place += 1 }
            _ = try self.digits("a digit")
        }
        return self.octets[start..<self.place]
    }

    /// - Returns: How many there were, at least one.
    private mutating func digits(_ expected: String) throws(Failure) -> Int {
        let start = self.place
        while let octet = self.upcoming, octet.isDecimalDigit { self.place += 1 }
        guard self.place > start else { throw self.failure(expected) }
        return self.place - start
    }
}

// MARK: - Texts

extension JSONReader {
    /// - Returns: Nil for a text that is longer than the limit, in octets as they are written.
    private mutating func text(upTo limit: Int) throws(Failure) -> String? {
        guard self.upcoming == UInt8(ascii: "\"") else { throw self.failure("a text in quotes") }
        self.place += 1
        let start = self.place
        let hasEscapes = try self.skipToQuote()
        let written = self.octets[start..<self.place]
        self.place += 1
        guard written.count <= limit else { return nil }
        return String(decoding: hasEscapes ? Self.unescaped(written)[...] : written, as: UTF8.self)
    }

    /// Goes to the quote that ends a text, and checks the escapes before it.
    ///
    /// - Returns: Whether there were any.
    private mutating func skipToQuote() throws(Failure) -> Bool {
        var hasEscapes = false
        while let octet = self.upcoming, octet != UInt8(ascii: "\"") {
            guard octet >= 0x20 else { throw self.failure("a text without control characters") }
            self.place += 1
            guard octet == UInt8(ascii: "\\") else { continue }
            hasEscapes = true
            try self.skipEscape()
        }
        guard self.upcoming != nil else { throw self.failure("the end of a text") }
        return hasEscapes
    }

    private mutating func skipEscape() throws(Failure) {
        guard let kind = self.upcoming, Self.escapes[kind] != nil || kind == UInt8(ascii: "u") else {
            throw self.failure("an escape of JSON")
        }
        self.place += 1
        guard kind == UInt8(ascii: "u") else { return }
        guard self.octets[self.place...].prefix(4).hexadecimalValue != nil,
            self.place + 4 <= self.octets.count
        else { throw self.failure("four hexadecimal digits") }
        self.place += 4
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "/"): 0x2f, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09,
    ]

    /// The text of octets whose escapes were checked; halves of surrogate pairs become U+FFFD.
    private static func unescaped(_ written: ArraySlice<UInt8>) -> [UInt8] {
        var units: [UInt16] = []
        var octets: [UInt8] = []
        var rest = written
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                Self.append(&units, to: &octets)
                octets.append(octet)
                continue
            }
            if kind == UInt8(ascii: "u") {
                units.append(rest.prefix(4).hexadecimalValue ?? 0xfffd)
                rest = rest.dropFirst(4)
            } else {
                Self.append(&units, to: &octets)
                octets.append(Self.escapes[kind] ?? kind)
            }
        }
        Self.append(&units, to: &octets)
        return octets
    }

    private static func append(_ units: inout [UInt16], to octets: inout [UInt8]) {
        guard !units.isEmpty else { return }
        octets.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
        units = []
    }
}

// MARK: - Numbers

extension JSONReader.Value {
    /// The longest number that is looked at, in octets.
    private static let maximumDigits = 40

    /// The value of a number without fraction and exponent; nil when it is none, or does not fit.
    var integer: Int64? {
        guard case .number(let digits) = self, digits.count <= Self.maximumDigits else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    /// The value of a number that is finite.
    var double: Double? {
        guard case .number(let digits) = self, digits.count <= Self.maximumDigits else { return nil }
        return Double(String(decoding: digits, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }

    /// What was there, for people; nothing of a text.
    var words: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits) where digits.count > 24:
            String(decoding: digits.prefix(20), as: UTF8.self) + "…"
        case .number(let digits): String(decoding: digits, as: UTF8.self)
        case .text, .longText: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
