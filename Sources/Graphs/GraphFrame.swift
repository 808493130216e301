/// What graphs have in common: where the plot lies, the times below it, and who cannot see it.
struct GraphFrame {
    static let width = 760.0
    static let height = 260.0

    /// The edges of the plot.
    static let (left, right, top, bottom) = (72.0, 744.0, 34.0, 188.0)

    let title: String
    let description: String
    let period: GraphPeriod
    let span: Range<Int64>
    let theme: GraphTheme

    /// Where a time lies.
    func x(_ time: Int64) -> Double {
        let share = Double(time - self.span.lowerBound) / Double(self.span.upperBound - self.span.lowerBound)
        return Self.left + (Self.right - Self.left) * min(max(0, share), 1)
    }

    /// How wide a step is.
    var stepWidth: Double {
        (Self.right - Self.left) * Double(self.period.step)
            / Double(self.span.upperBound - self.span.lowerBound)
    }

    /// The whole document around what is drawn in the plot.
    func document(_ body: [String]) -> String {
        let (width, height) = (GraphText.number(Self.width), GraphText.number(Self.height))
        let head = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" "
                + "role=\"img\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"11\">",
            "<title>\(GraphText.escaped(self.title))</title>",
            "<desc>\(GraphText.escaped(self.description))</desc>",
            "<rect class=\"background\" width=\"\(width)\" height=\"\(height)\" fill=\"\(self.theme.background)\"/>",
            self.text(self.title, x: Self.left, y: 20, size: 13),
        ]
        return (head + self.timeAxis + body + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// Lines and words at the times of the axis, whose times are in UTC.
    private var timeAxis: [String] {
        let ticks = self.period.ticks(in: self.span)
        let lines = ticks.map { tick in
            let x = GraphText.number(self.x(tick.time))
            return "M\(x) \(GraphText.number(Self.top))V\(GraphText.number(Self.bottom))"
        }
        return [
            "<path class=\"grid\" stroke=\"\(self.theme.grid)\" fill=\"none\" d=\"\(lines.joined())\"/>"
        ]
            + ticks.map { self.text($0.label, x: self.x($0.time), y: 214, anchor: "middle") }
            + [self.text("UTC", x: Self.left - 8, y: 214, anchor: "end")]
    }

    /// A line across the plot with what it stands for.
    func level(_ y: Double, _ label: String) -> [String] {
        let place = GraphText.number(y)
        return [
            "<path stroke=\"\(self.theme.grid)\" d=\"M\(GraphText.number(Self.left)) \(place)H\(GraphText.number(Self.right))\"/>",
            self.text(label, x: Self.left - 8, y: y + 4, anchor: "end"),
        ]
    }

    func text(
        _ text: String,
        x: Double,
        y: Double,
        anchor: String = "start",
        size: Int? = nil,
        colour: String? = nil
    ) -> String {
        let size = size.map { " font-size=\"\($0)\"" } ?? ""
        let anchor = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
        return "<text x=\"\(GraphText.number(x))\" y=\"\(GraphText.number(y))\"\(anchor)\(size) "
            + "fill=\"\(colour ?? self.theme.text)\">\(GraphText.escaped(text))</text>"
    }

    /// Colours with what they stand for, in a row from a place on.
    func legend(_ entries: [(colour: String, words: String)], y: Double) -> [String] {
        var x = Self.left
        return entries.flatMap { entry in
            defer { x += 24 + 6.6 * Double(entry.words.count) }
            return [
                "<rect x=\"\(GraphText.number(x))\" y=\"\(GraphText.number(y - 8))\" width=\"10\" height=\"8\" "
                    + "fill=\"\(entry.colour)\"/>",
                self.text(entry.words, x: x + 14, y: y),
            ]
        }
    }

    /// A round number that is not less: 1, 2 or 5 and as many noughts.
    static func ceiling(of value: Double) -> Double {
        guard value.isFinite, value > 0 else { return 1 }
        var unit = 1.0
        while unit * 10 <= value { unit *= 10 }
        while unit > value { unit /= 10 }
        return [1, 2, 5].map { $0 * unit }.first { $0 >= value } ?? 10 * unit
    }

    /// In words: how much of the time has no point.
    static func gaps(_ points: Int, _ period: GraphPeriod) -> String {
        let missing = period.length - Int64(points) * period.step
        return missing < period.step ? "" : " Nothing was measured for \(GraphText.duration(missing))."
    }
}
