internal import Wire

/// Comma-separated values after RFC 4180, with a place for every field.
///
/// Lines may end with LF as well, and blank ones, of separators alone too, are passed over; a byte order mark at the start is
/// none of the text. Spreadsheets of some countries separate with semicolons, or with tabs: the first line decides.
struct CSVReader {
    /// A field without its quotes, and where it begins.
    struct Field: Hashable, Sendable {
        let text: String
        let place: TransferPlace
    }

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private static let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    private let octets: [UInt8]
    private let separator: UInt8
    private let file: String
    private let problems: TransferProblems
    private var position = 0
    private var line = 1

    /// Where the line begins that is being read.
    private var lineStart = 0

    init(_ octets: [UInt8], file: String, problems: TransferProblems) {
        let text = Array(octets.withoutByteOrderMark)
        self.octets = text
        self.separator = Self.separator(of: text)
        self.file = file
        self.problems = problems
        self.takeHint()
    }

    /// What separates the names of the columns, which have none of them in them.
    private static func separator(of text: [UInt8]) -> UInt8 {
        let isEnd: (UInt8) -> Bool = { $0 == Self.lineFeed || $0 == Self.carriageReturn }
        let first = text.drop(while: isEnd).prefix { !isEnd($0) }
        if first.starts(with: "sep=".utf8), let separator = first.dropFirst(4).first { return separator }
        return Self.separators.first { first.contains($0) } ?? Self.separators[0]
    }

    /// A first line by which some spreadsheets are told what separates: `sep=;`.
    private mutating func takeHint() {
        while self.takeLineEnd() {}
        guard self.octets[self.position...].starts(with: "sep=".utf8) else { return }
        while let octet = self.next, octet != Self.lineFeed, octet != Self.carriageReturn {
            self.position += 1
        }
    }

    private var place: TransferPlace {
        TransferPlace(file: self.file, line: self.line, column: self.position - self.lineStart + 1)
    }

    private var next: UInt8? { self.position < self.octets.count ? self.octets[self.position] : nil }

    /// The fields of the next record that is not blank; nil at the end of the text.
    mutating func nextRecord() -> [Field]? {
        while let record = self.record() {
            if record.contains(where: { !$0.text.trimmed.isEmpty }) { return record }
        }
        return nil
    }

    private mutating func record() -> [Field]? {
        while self.takeLineEnd() {}
        guard self.next != nil else { return nil }
        var fields = [self.field()]
        while self.next == self.separator {
            self.position += 1
            fields.append(self.field())
        }
        if self.next != nil, !self.takeLineEnd() { self.skipLine() }
        return fields
    }

    private mutating func field() -> Field {
        let place = self.place
        let octets = self.next == Self.quote ? self.quoted(place) : self.plain()
        guard let text = String(validating: octets, as: UTF8.self) else {
            self.problems.note(place, nil, expected: "UTF-8 text", found: "other octets")
            return Field(text: "", place: place)
        }
        return Field(text: text, place: place)
    }

    private mutating func plain() -> ArraySlice<UInt8> {
        let start = self.position
        while let octet = self.next, octet != self.separator, octet != Self.lineFeed,
            octet != Self.carriageReturn
        {
            self.position += 1
        }
        return self.octets[start..<self.position]
    }

    private mutating func quoted(_ place: TransferPlace) -> ArraySlice<UInt8> {
        var text: [UInt8] = []
        self.position += 1
        while let octet = self.next {
            self.position += 1
            if octet == Self.lineFeed { self.beginLine() }
            guard octet == Self.quote else {
                text.append(octet)
                continue
            }
            guard self.next == Self.quote else { return text[...] }
            text.append(Self.quote)
            self.position += 1
        }
        self.problems.note(place, nil, expected: "a closing quote", found: "the end of the text")
        return text[...]
    }

    private mutating func takeLineEnd() -> Bool {
        let isTwo =
            self.next == Self.carriageReturn
            && self.octets.dropFirst(self.position + 1).first == Self.lineFeed
        guard isTwo || self.next == Self.lineFeed else { return false }
        self.position += isTwo ? 2 : 1
        self.beginLine()
        return true
    }

    private mutating func beginLine() {
        self.line += 1
        self.lineStart = self.position
    }

    private mutating func skipLine() {
        self.problems.note(
            self.place,
            nil,
            expected: "a separator or the end of the line",
            found: "more text behind a field"
        )
        while let octet = self.next, octet != Self.lineFeed { self.position += 1 }
    }
}

/// Writes comma-separated values after RFC 4180.
enum CSVText {
    /// One record with its line end.
    static func record(_ fields: [String]) -> String {
        fields.map(Self.field).joined(separator: ",") + "\r\n"
    }

    private static func field(_ text: String) -> String {
        let special = text.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0a, 0x0d].contains($0) }
        return special ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}
