/// Round trips over time: the median of each step, coloured by loss, in the band of most of them.
package struct LatencyGraph: Sendable {
    /// The times that a share of the round trips took at most, in milliseconds.
    package struct Quantiles: Hashable, Sendable {
        /// What 10 % of them took at most.
        package let low: Double
        /// What half of them took at most.
        package let median: Double
        /// What 90 % of them took at most.
        package let high: Double

        /// Creates quantiles.
        package init(low: Double, median: Double, high: Double) {
            self.low = low
            self.median = median
            self.high = high
        }
    }

    /// One step.
    package struct Point: Hashable, Sendable {
        /// When it begins, in seconds since 1970.
        package let time: Int64
        /// Nil when no reply came.
        package let quantiles: Quantiles?
        /// How many probes were sent.
        package let sent: Int64
        /// How many of them found no reply.
        package let lost: Int64

        /// Creates a step.
        package init(time: Int64, quantiles: Quantiles?, sent: Int64, lost: Int64) {
            self.time = time
            self.quantiles = quantiles
            self.sent = sent
            self.lost = lost
        }

        var loss: Double { self.sent > 0 ? Double(self.lost) / Double(self.sent) : 0 }
    }

    private let frame: GraphFrame
    private let points: [Point]
    private let scale: Double

    /// Creates a graph.
    ///
    /// - Parameters:
    ///   - subject: What it is of.
    ///   - period: How far back it goes.
    ///   - end: The end of its last step, in seconds since 1970.
    ///   - points: In the order of time; those outside the period are left out.
    ///   - total: Of all of the time; nil when no reply came.
    ///   - theme: Its colours.
    package init(
        of subject: String,
        _ period: GraphPeriod,
        until end: Int64,
        _ points: [Point],
        total: Quantiles?,
        theme: GraphTheme
    ) {
        let span = end - period.length..<end
        self.points = points.filter { span.contains($0.time) && ($0.sent > 0 || $0.quantiles != nil) }
        self.scale = GraphFrame.ceiling(of: self.points.compactMap(\.quantiles?.high).max() ?? 1)
        self.frame = GraphFrame(
            title: "Latency of \(subject), last \(period.rawValue)",
            description: Self.words(self.points, subject, period, span, total),
            period: period,
            span: span,
            theme: theme
        )
    }

    /// The graph as an SVG document.
    package var svg: String {
        let levels = [0, 0.5, 1].flatMap { share in
            self.frame.level(self.y(self.scale * share), GraphText.milliseconds(self.scale * share))
        }
        return self.frame.document(levels + [self.band] + self.medians + self.marks + self.legend)
    }

    /// Where a time in milliseconds lies.
    private func y(_ milliseconds: Double) -> Double {
        GraphFrame.bottom
            - (GraphFrame.bottom - GraphFrame.top) * min(max(0, milliseconds / self.scale), 1)
    }

    private var width: String { GraphText.number(self.frame.stepWidth, decimals: 2) }

    private var band: String {
        let steps = self.points.compactMap { point -> String? in
            guard let quantiles = point.quantiles else { return nil }
            let (x, top) = (GraphText.number(self.frame.x(point.time), decimals: 2), self.y(quantiles.high))
            let bottom = GraphText.number(self.y(quantiles.low))
            return "M\(x) \(GraphText.number(top))h\(self.width)V\(bottom)h-\(self.width)z"
        }
        return "<path class=\"band\" fill=\"\(self.frame.theme.band)\" d=\"\(steps.joined())\"/>"
    }

    private var medians: [String] {
        LossClass.allCases.compactMap { loss in
            let steps = self.points.compactMap { point -> String? in
                guard let quantiles = point.quantiles, LossClass(point.loss) == loss else { return nil }
                let x = GraphText.number(self.frame.x(point.time), decimals: 2)
                return "M\(x) \(GraphText.number(self.y(quantiles.median)))h\(self.width)"
            }
            guard !steps.isEmpty else { return nil }
            return
                "<path class=\"median\" fill=\"none\" stroke-width=\"2\" stroke=\"\(self.frame.theme.colour(of: loss))\" "
                + "d=\"\(steps.joined())\"/>"
        }
    }

    /// Where the marks of loss stand, and how long those of all are.
    private static let (marksTop, marksHeight) = (GraphFrame.bottom + 2, 10.0)

    /// A line downwards for each step that lost something, the longer the more: colours alone do not tell everybody.
    private var marks: [String] {
        let lossy = self.points.filter { $0.lost > 0 }
        guard !lossy.isEmpty else { return [] }
        let lines = lossy.map { point in
            let x = GraphText.number(self.frame.x(point.time) + self.frame.stepWidth / 2, decimals: 2)
            return
                "M\(x) \(GraphText.number(Self.marksTop))v\(GraphText.number(1 + (Self.marksHeight - 1) * point.loss))"
        }
        let width = GraphText.number(max(1, min(4, self.frame.stepWidth)))
        return [
            "<path class=\"loss\" fill=\"none\" stroke=\"\(self.frame.theme.text)\" stroke-width=\"\(width)\" "
                + "d=\"\(lines.joined())\"/>"
        ]
    }

    private var legend: [String] {
        let classes = Set(self.points.map { LossClass($0.loss) })
        let entries = LossClass.allCases.filter { $0 == .none || classes.contains($0) }.map {
            (colour: self.frame.theme.colour(of: $0), words: $0.words)
        }
        let band = (colour: self.frame.theme.band, words: "10 % to 90 %")
        let nothing = self.frame.text("nothing was measured", x: 408, y: 115, anchor: "middle")
        return self.frame.legend([band] + entries, y: 244) + (self.points.isEmpty ? [nothing] : [])
    }

    private static func words(
        _ points: [Point],
        _ subject: String,
        _ period: GraphPeriod,
        _ span: Range<Int64>,
        _ total: Quantiles?
    ) -> String {
        let times = "\(UTCTime(span.lowerBound).text) to \(UTCTime(span.upperBound).text) UTC"
        let head = "Round trips of \(subject) from \(times)."
        guard !points.isEmpty else { return "\(head) Nothing was measured." }
        let (sent, lost) = (points.reduce(0) { $0 + $1.sent }, points.reduce(0) { $0 + $1.lost })
        let share = sent > 0 ? GraphText.rounded(100 * Double(lost) / Double(sent)) : "0"
        let losses = " Of \(sent) probes \(lost) were lost (\(share) %)."
        guard let total else { return "\(head) No reply came.\(losses)" }
        let worst = points.max { ($0.quantiles?.median ?? 0) < ($1.quantiles?.median ?? 0) }
        let highest = worst.flatMap { point in
            point.quantiles.map {
                " The highest median was \(GraphText.milliseconds($0.median)), at \(UTCTime(point.time).text)."
            }
        }
        return
            "\(head) Half took \(GraphText.milliseconds(total.median)) at most, 10 % \(GraphText.milliseconds(total.low)), "
            + "90 % \(GraphText.milliseconds(total.high)).\(highest ?? "")\(losses)\(GraphFrame.gaps(points.count, period))"
    }
}
