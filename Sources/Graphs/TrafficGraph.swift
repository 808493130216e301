/// Traffic over time, in bits a second: what came from users above the axis, what went to them below.
package struct TrafficGraph: Sendable {
    /// One step.
    package struct Point: Hashable, Sendable {
        /// When it begins, in seconds since 1970.
        package let time: Int64
        /// Bits a second from users.
        package let incoming: Double
        /// Bits a second to users.
        package let outgoing: Double

        /// Creates a step.
        package init(time: Int64, incoming: Double, outgoing: Double) {
            self.time = time
            self.incoming = incoming
            self.outgoing = outgoing
        }
    }

    let frame: GraphFrame
    let points: [Point]

    /// The rate at the top of the plot, in bits a second.
    let scale: Double

    /// Where the axis lies.
    private static let middle = (GraphFrame.top + GraphFrame.bottom) / 2

    /// Creates a graph.
    ///
    /// - Parameters:
    ///   - subject: What it is of.
    ///   - period: How far back it goes.
    ///   - end: The end of its last step, in seconds since 1970.
    ///   - points: In the order of time; those outside the period are left out.
    ///   - theme: Its colours.
    package init(
        of subject: String,
        _ period: GraphPeriod,
        until end: Int64,
        _ points: [Point],
        theme: GraphTheme
    ) {
        let span = end - period.length..<end
        self.points = points.filter { span.contains($0.time) }
        self.scale = GraphFrame.ceiling(of: self.points.map { max($0.incoming, $0.outgoing) }.max() ?? 1)
        self.frame = GraphFrame(
            title: "Traffic of \(subject), last \(period.rawValue)",
            description: Self.words(self.points, subject, period, span),
            period: period,
            span: span,
            theme: theme
        )
    }

    /// The graph as an SVG document.
    package var svg: String {
        let rate = GraphText.bitRate(self.scale)
        let levels =
            self.frame.level(GraphFrame.top, rate) + self.frame.level(Self.middle, "0")
            + self.frame.level(GraphFrame.bottom, rate)
        let theme = self.frame.theme
        let axis =
            "<path stroke=\"\(theme.axis)\" d=\"M\(GraphText.number(GraphFrame.left)) \(GraphText.number(Self.middle))"
            + "H\(GraphText.number(GraphFrame.right))\"/>"
        return self.frame.document(
            levels + [
                self.area("in", theme.incoming) { Self.middle - self.height($0.incoming) },
                self.area("out", theme.outgoing) { Self.middle + self.height($0.outgoing) }, axis,
            ] + self.legend
        )
    }

    private func height(_ bits: Double) -> Double {
        (Self.middle - GraphFrame.top) * min(max(0, bits / self.scale), 1)
    }

    private func area(_ name: String, _ colour: String, _ end: (Point) -> Double) -> String {
        let width = GraphText.number(self.frame.stepWidth, decimals: 2)
        let axis = GraphText.number(Self.middle)
        let steps = self.points.map { point in
            let x = GraphText.number(self.frame.x(point.time), decimals: 2)
            return "M\(x) \(axis)h\(width)V\(GraphText.number(end(point), decimals: 2))h-\(width)z"
        }
        return "<path class=\"\(name)\" fill=\"\(colour)\" d=\"\(steps.joined())\"/>"
    }

    /// A line for each direction: its colour, how much it is now, on average, and at most.
    private var legend: [String] {
        guard !self.points.isEmpty else {
            return [self.frame.text("nothing was measured", x: 408, y: Self.middle - 8, anchor: "middle")]
        }
        let theme = self.frame.theme
        let directions = [
            ("from users (above)", theme.incoming, self.points.map(\.incoming), 234.0),
            ("to users (below)", theme.outgoing, self.points.map(\.outgoing), 250.0),
        ]
        return directions.flatMap { name, colour, rates, y in
            self.frame.legend([(colour, "\(name): \(Self.figures(rates, self.points))")], y: y)
        }
    }

    private static func figures(_ rates: [Double], _ points: [Point]) -> String {
        let most = zip(rates, points).max { $0.0 < $1.0 }
        let mean = rates.reduce(0, +) / Double(max(1, rates.count))
        let maximum = most.map { "\(GraphText.bitRate($0.0)) at \(UTCTime($0.1.time).text)" }
        return
            "now \(GraphText.bitRate(rates.last ?? 0)), mean \(GraphText.bitRate(mean)), maximum \(maximum ?? "-")"
    }

    private static func words(
        _ points: [Point],
        _ subject: String,
        _ period: GraphPeriod,
        _ span: Range<Int64>
    ) -> String {
        let times = "\(UTCTime(span.lowerBound).text) to \(UTCTime(span.upperBound).text) UTC"
        let head = "Traffic of \(subject) from \(times)."
        guard !points.isEmpty else { return "\(head) Nothing was measured." }
        return "\(head) From users: \(Self.figures(points.map(\.incoming), points)). "
            + "To users: \(Self.figures(points.map(\.outgoing), points)).\(GraphFrame.gaps(points.count, period))"
    }
}
