internal import Streams
internal import Wire

/// Rows of text in aligned columns, as many of them as a screen has room for.
struct TextTable {
    /// Where the text of a column stands, and what becomes of it where there is no room.
    enum Kind {
        case left
        case right

        /// To the left, over several lines where one is too short.
        case prose
    }

    /// A column's heading and where its text stands.
    struct Column {
        let heading: String
        let kind: Kind

        /// On a screen that is too narrow the columns with the highest rank are left out first; those with 0 never are.
        let rank: Int

        static func left(_ heading: String, rank: Int = 0) -> Column {
            Column(heading: heading, kind: .left, rank: rank)
        }

        static func right(_ heading: String, rank: Int = 0) -> Column {
            Column(heading: heading, kind: .right, rank: rank)
        }

        static func prose(_ heading: String) -> Column { Column(heading: heading, kind: .prose, rank: 0) }
    }

    /// What stands in one place.
    struct Cell: Hashable, Sendable {
        let text: String
        let tint: Tint?

        /// The text is cleaned: a line break in it does not split the row; nothing is shown as `-`.
        init(_ text: String?, _ tint: Tint? = nil) {
            self.text = text.flatMap { $0.isEmpty ? nil : $0.printable } ?? "-"
            self.tint = tint
        }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Appends a row of cells.
    mutating func append(_ cells: [String?]) { self.rows.append(cells.map { Cell($0) }) }

    /// Appends a row of cells with colours.
    mutating func append(_ cells: [Cell]) { self.rows.append(cells) }

    var isEmpty: Bool { self.rows.isEmpty }

    /// All columns without colours and without trailing blanks, the headings first.
    var lines: [String] { self.printedLines(on: .endless).map(\.description) }

    /// Prints the table, or a sentence when it has no rows.
    func printed(orElse sentence: PrintedText) -> PrintedText { self.isEmpty ? sentence : self.text }

    /// The lines as they are printed.
    var text: PrintedText { self.text(on: .output) }

    /// The lines as they are printed, and below them what a screen has no room for.
    func text(on screen: Screen) -> PrintedText {
        let layout = self.layout(on: screen)
        var lines = self.printedLines(layout, on: screen)
        if let hint = self.hint(layout, on: screen) { lines.append(hint) }
        return PrintedText(joining: lines)
    }

    /// The heading and the rows.
    func printedLines(on screen: Screen) -> [PrintedText] {
        self.printedLines(self.layout(on: screen), on: screen)
    }

    /// Which columns a screen has no room for; nil when it has room for all.
    func hint(on screen: Screen) -> PrintedText? { self.hint(self.layout(on: screen), on: screen) }

    private func layout(on screen: Screen) -> TableLayout {
        TableLayout(self.columns, self.naturalWidths, on: screen.width)
    }

    private func printedLines(_ layout: TableLayout, on screen: Screen) -> [PrintedText] {
        let headings = layout.lines(of: self.columns.map { Cell($0.heading) }, hasColour: false)
        return headings + self.rows.flatMap { layout.lines(of: $0, hasColour: screen.hasColour) }
    }

    private func hint(_ layout: TableLayout, on screen: Screen) -> PrintedText? {
        let missing = self.columns.indices.filter { !layout.places.contains($0) }.map {
            self.columns[$0].heading
        }
        guard !missing.isEmpty else { return nil }
        let names = "not shown: \(missing.joined(separator: ", "))"
        let whole = names + " (a wider window or a pipe has them)"
        let words: PrintedText =
            "\(whole.count <= screen.width ?? .max ? whole : names.cut(to: screen.width))"
        return screen.hasColour ? Tint.aside.on(words) : words
    }

    private var naturalWidths: [Int] {
        var widths = self.columns.map(\.heading.displayWidth)
        for row in self.rows {
            for (place, cell) in row.enumerated() {
                widths[place] = max(widths[place], cell.text.displayWidth)
            }
        }
        return widths
    }
}

/// Which columns of a table a line has room for, and how wide they are.
struct TableLayout {
    /// Between two columns.
    private static let gap = 2

    /// Prose in a narrower column is hard to read; columns that are less important go first.
    private static let narrowest = 32

    private let columns: [TextTable.Column]
    private let widths: [Int]

    /// The columns that are shown.
    let places: [Int]

    init(_ columns: [TextTable.Column], _ natural: [Int], on width: Int?) {
        self.columns = columns
        let least = columns.indices.map { place in
            columns[place].kind == .prose ? min(natural[place], Self.narrowest) : natural[place]
        }
        var places = Array(columns.indices)
        func total(_ widths: [Int]) -> Int { places.reduce(-Self.gap) { $0 + widths[$1] + Self.gap } }
        guard let width else {
            (self.places, self.widths) = (places, natural)
            return
        }
        while total(least) > width, let rank = places.map({ columns[$0].rank }).max(), rank > 0 {
            guard let victim = places.lastIndex(where: { columns[$0].rank == rank }) else { break }
            places.remove(at: victim)
        }
        var widths = natural
        // What the others leave is the prose's.
        for place in places where columns[place].kind == .prose && total(widths) > width {
            widths[place] = max(least[place], widths[place] - (total(widths) - width))
        }
        (self.places, self.widths) = (places, widths)
    }

    /// A row, on several lines where prose needs them, without trailing blanks.
    func lines(of row: [TextTable.Cell], hasColour: Bool) -> [PrintedText] {
        let isLong = self.places.contains { row[$0].text.displayWidth > self.widths[$0] }
        guard isLong || hasColour && row.contains(where: { $0.tint != nil }) else {
            return [PrintedText(row: self.plainLine(of: row))]
        }
        let parts = self.places.map { place in
            self.columns[place].kind == .prose
                ? row[place].text.wrapped(to: self.widths[place]) : [row[place].text]
        }
        return (0..<(parts.map(\.count).max() ?? 0)).map { number in
            let cells = zip(self.places, parts).map { place, part in
                (place: place, text: number < part.count ? part[number] : "", tint: row[place].tint)
            }
            return self.line(cells, hasColour: hasColour)
        }
    }

    private func plainLine(of row: [TextTable.Cell]) -> String {
        // Lists have tens of thousands: octets are put together in less time than strings.
        var line: [UInt8] = []
        line.reserveCapacity(self.widths.reduce(0) { $0 + $1 + Self.gap })
        var owed = 0
        for place in self.places {
            let text = row[place].text
            let missing = max(0, self.widths[place] - text.displayWidth)
            let isRight = self.columns[place].kind == .right
            // What stands behind a text is written when something follows it.
            for _ in 0..<(owed + (isRight ? missing : 0)) { line.append(UInt8(ascii: " ")) }
            line += text.utf8
            owed = Self.gap + (isRight ? 0 : missing)
        }
        while line.last == UInt8(ascii: " ") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    private func line(_ cells: [(place: Int, text: String, tint: Tint?)], hasColour: Bool) -> PrintedText {
        let last = cells.last { !$0.text.isEmpty }?.place
        var line: PrintedText = ""
        for (place, text, tint) in cells where place <= last ?? -1 {
            let padded = self.padded(text, place)
            let cell: PrintedText = "\(place == last ? padded.withoutTrailingBlanks : padded)"
            let gap: PrintedText = place == cells.first?.place ? "" : "  "
            line = line + gap + (hasColour ? tint?.on(cell) ?? cell : cell)
        }
        return line
    }

    private func padded(_ text: String, _ place: Int) -> String {
        let missing = self.widths[place] - text.displayWidth
        guard missing > 0 else { return text }
        let blanks = String(repeating: " ", count: missing)
        return self.columns[place].kind == .right ? blanks + text : text + blanks
    }
}

extension String {
    /// How many places it takes on a terminal; quick for what is ASCII.
    var displayWidth: Int {
        self.utf8.allSatisfy { $0 < 0x80 } ? self.utf8.count : self.reduce(0) { $0 + $1.displayWidth }
    }

    fileprivate var withoutTrailingBlanks: String {
        var text = self
        while text.utf8.last == UInt8(ascii: " ") { text.removeLast() }
        return text
    }

    /// The same text in lines of at most so many characters, split at blanks where there are some.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in self.split(separator: " ") {
            var rest = word
            if let last = lines.last, last.count + 1 + rest.count <= width {
                lines[lines.count - 1] += " \(rest)"
                continue
            }
            while rest.count > width {
                lines.append(String(rest.prefix(width)))
                rest = rest.dropFirst(width)
            }
            lines.append(String(rest))
        }
        return lines.isEmpty ? [self] : lines
    }

    /// The text, or as much of its beginning as fits, with `…` behind it.
    func cut(to width: Int?) -> String {
        guard let width, self.count > width else { return self }
        return String(self.prefix(max(0, width - 1))) + "…"
    }
}

extension Character {
    /// Wide and fullwidth scalars of UAX #11 (East Asian Width), by blocks: terminals give them two places.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
        0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
        0x1_f300...0x1_f64f, 0x1_f900...0x1_f9ff, 0x2_0000...0x3_fffd,
    ]

    /// How many places it takes on a terminal: that of its first scalar, whatever is combined with it.
    fileprivate var displayWidth: Int {
        guard let first = self.unicodeScalars.first else { return 0 }
        let isPicture = first.properties.isEmojiPresentation || self.unicodeScalars.contains("\u{fe0f}")
        return isPicture || Self.wide.contains { $0.contains(first.value) } ? 2 : 1
    }
}
