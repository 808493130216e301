internal import Streams
internal import Wire

/// Rows of text in aligned columns.
struct TextTable {
    /// Where the text of a column stands.
    enum Alignment {
        case left
        case right
    }

    /// A column's heading and where its text stands.
    struct Column {
        let heading: String
        let alignment: Alignment

        static func left(_ heading: String) -> Column { Column(heading: heading, alignment: .left) }
        static func right(_ heading: String) -> Column { Column(heading: heading, alignment: .right) }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Appends a row of cells, which are cleaned: a line break in one does not split it; an empty cell is shown as `-`.
    mutating func append(_ cells: [String?]) {
        self.rows.append(cells.map { cell in cell.flatMap { $0.isEmpty ? nil : $0.printable } ?? "-" })
    }

    var isEmpty: Bool { self.rows.isEmpty }

    /// Lines without trailing blanks, the headings first.
    var lines: [String] {
        let all = [self.columns.map(\.heading)] + self.rows
        let widths = self.columns.indices.map { index in all.map { $0[index].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { self.pad(row[$0], to: widths[$0], self.columns[$0].alignment) }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return alignment == .left ? text + blanks : blanks + text
    }

    /// Prints the table, or a sentence when it has no rows.
    func printed(orElse sentence: PrintedText) -> PrintedText { self.isEmpty ? sentence : self.text }

    /// The lines as they are printed.
    var text: PrintedText { PrintedText(rows: self.lines) }
}
