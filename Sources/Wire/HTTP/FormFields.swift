/// What a query or a form says: names with values, in the order in which they came
/// (`application/x-www-form-urlencoded`).
public struct FormFields: Hashable, Sendable {
    /// Fields that are read; no page of ours has as many.
    public static let most = 64

    private struct Field: Hashable {
        let name: String
        let value: String
    }

    private let fields: [Field]

    /// No fields at all.
    public init() { self.fields = [] }

    /// Reads `name=value&name=value`.
    ///
    /// - Throws: ``SyntaxError`` for an encoding that stands for nothing, for a name that comes twice, of which no
    ///   reader could know which value counts, and for more fields than ``most``.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        var fields: [Field] = []
        var names: Set<String> = []
        for part in text.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(sides[0], plus: .blank),
                let value = PercentEncoding.decode(sides.count > 1 ? sides[1] : "", plus: .blank)
            else { throw SyntaxError(expected: "a field of a form", found: part.printable.shortened(to: 60)) }
            guard names.insert(name).inserted else {
                throw SyntaxError(expected: "each field once", found: part.printable.shortened(to: 60))
            }
            guard fields.count < Self.most else {
                throw SyntaxError(
                    expected: "at most \(Self.most) fields",
                    found: part.printable.shortened(to: 60)
                )
            }
            fields.append(Field(name: name, value: value))
        }
        self.fields = fields
    }

    /// The names that came.
    public var names: [String] { self.fields.map(\.name) }

    /// The value of a field; nil when it did not come.
    public subscript(name: String) -> String? {
        self.fields.first { $0.name == name }?.value
    }
}

extension FormFields: CustomStringConvertible {
    /// The fields as they stand in a URL.
    public var description: String {
        self.fields.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            .joined(separator: "&")
    }
}
