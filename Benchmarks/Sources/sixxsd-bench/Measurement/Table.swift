/// A table in Markdown, which is as good to read on a terminal.
struct Table {
    private let title: String
    private var rows: [[String]]

    /// Creates a table; its first column is text, the others are figures.
    init(_ title: String, columns: [String]) {
        self.title = title
        self.rows = [columns]
    }

    mutating func add(_ row: [String]) { self.rows.append(row) }

    /// The title, the columns and the rows.
    var text: String {
        let columns = self.rows.first?.count ?? 0
        let widths = (0..<columns).map { column in self.rows.map { $0[column].count }.max() ?? 0 }
        var lines = self.rows.map { row in
            "| "
                + row.enumerated().map { Self.pad($1, to: widths[$0], onLeft: $0 > 0) }.joined(
                    separator: " | "
                ) + " |"
        }
        let rule = widths.enumerated().map { column, width in
            String(repeating: "-", count: column > 0 ? width + 1 : width + 2) + (column > 0 ? ":" : "")
        }
        lines.insert("|" + rule.joined(separator: "|") + "|", at: 1)
        return "### \(self.title)\n\n" + lines.joined(separator: "\n") + "\n"
    }

    private static func pad(_ text: String, to width: Int, onLeft: Bool) -> String {
        let blanks = String(repeating: " ", count: width - text.count)
        return onLeft ? blanks + text : text + blanks
    }
}

extension Double {
    /// The number with a fixed count of decimals, from 0 to 3.
    func formatted(_ decimals: Int) -> String {
        let scale = [1.0, 10, 100, 1000][decimals]
        let scaled = Int((self * scale).rounded())
        guard decimals > 0 else { return String(scaled) }
        let fraction = String(scaled.magnitude % UInt(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(scaled < 0 ? "-" : "")\(scaled.magnitude / UInt(scale)).\(zeros)\(fraction)"
    }

    /// A count that is a whole number most of the time.
    var asCount: String { self == self.rounded() ? self.formatted(0) : self.formatted(3) }
}
