internal import Streams
internal import Wire

/// One thing's values, a line each, with their names in a column before them.
struct FieldList {
    private let fields: [(name: String, value: String)]

    /// Values are cleaned: each stays on its line.
    init(_ fields: [(String, String)]) { self.fields = fields.map { (name: $0.0, value: $0.1.printable) } }

    /// Lines without trailing blanks; an empty value is shown as `-`.
    var text: PrintedText {
        let width = (self.fields.map(\.name.count).max() ?? 0) + 2
        return PrintedText(
            rows: self.fields.map { field in
                let blanks = String(repeating: " ", count: width - field.name.count)
                return field.name + blanks + (field.value.isEmpty ? "-" : field.value)
            }
        )
    }
}
