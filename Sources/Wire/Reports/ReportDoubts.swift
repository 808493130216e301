/// What in a report was not believed.
public struct ReportDoubts: Hashable, Sendable {
    /// How many of each kind are named.
    private static let named = 4

    private var values: [String] = []
    private var valueCount = 0
    private var strays: [TunnelNumber] = []
    private var strayCount = 0

    /// Rows that no row of a tunnel is: without a number, with one that was there before, or too many.
    private var badRowCount = 0

    /// Nothing to doubt.
    public init() {}

    /// Notes a value that cannot be.
    mutating func note(_ words: @autoclosure () -> String) {
        self.valueCount += 1
        if self.values.count < Self.named { self.values.append(words()) }
    }

    /// Notes the values of a tunnel's row.
    mutating func note(_ others: ReportDoubts, of tunnel: TunnelNumber) {
        guard others.valueCount > 0 else { return }
        self.note(others, of: "\(tunnel)")
    }

    /// Notes the values of a row of something that has a name.
    mutating func note(_ others: ReportDoubts, of name: String) {
        let room = Self.named - self.values.count
        self.values += others.values.prefix(room).map { "\(name) \($0)" }
        self.valueCount += others.valueCount
    }

    /// Notes a row of a tunnel that the PoP does not have.
    mutating func note(stray tunnel: TunnelNumber) {
        self.strayCount += 1
        if self.strays.count < Self.named { self.strays.append(tunnel) }
    }

    mutating func noteBadRow() { self.badRowCount += 1 }

    /// How many values cannot be.
    public var valuesInAll: Int { self.valueCount }

    /// One line for people; nil when all was believed.
    public var words: String? {
        let parts = [
            Self.part(self.valueCount, "impossible value", "impossible values", self.values),
            Self.part(
                self.strayCount,
                "tunnel that is not its own",
                "tunnels that are not its own",
                self.strays
            ),
            Self.part(
                self.badRowCount,
                "row that belongs to no tunnel",
                "rows that belong to no tunnel",
                [String]()
            ),
        ].compactMap(\.self)
        return parts.isEmpty ? nil : "its report has " + parts.joined(separator: "; ")
    }

    private static func part(
        _ count: Int,
        _ one: String,
        _ many: String,
        _ examples: [some CustomStringConvertible]
    )
        -> String?
    {
        guard count > 0 else { return nil }
        let names = examples.map(\.description) + (count > examples.count && !examples.isEmpty ? ["…"] : [])
        return count.counted(one, many)
            + (names.isEmpty ? "" : " (\(names.joined(separator: ", ")))")
    }
}
