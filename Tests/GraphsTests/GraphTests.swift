import Foundation
import Testing

@testable import Graphs

@Suite("Graphs")
struct GraphTests {
    private static let end: Int64 = 1_800_000_000 - 1_800_000_000 % 86400

    /// The rectangles and lines of a path: where each begins, how wide it is, and where it goes to.
    struct Piece: Hashable {
        let x: Double
        let y: Double
        let width: Double
        let end: Double?
    }

    /// Reads back what stands in the paths of a class.
    static func pieces(_ name: String, in svg: String) throws -> [Piece] {
        let paths = svg.matches(
            of: try Regex("<path class=\"\(name)\"[^>]* d=\"([^\"]*)\"", as: (Substring, Substring).self)
        )
        let piece = try Regex(
            "M([-0-9.]+) ([-0-9.]+)(?:h([0-9.]+))?(?:[Vv]([-0-9.]+))?",
            as: (Substring, Substring, Substring, Substring?, Substring?).self
        )
        return paths.flatMap { path in
            path.output.1.matches(of: piece).map {
                Piece(
                    x: Double($0.output.1) ?? .nan,
                    y: Double($0.output.2) ?? .nan,
                    width: $0.output.3.flatMap { Double($0) } ?? 0,
                    end: $0.output.4.flatMap { Double($0) }
                )
            }
        }.sorted { $0.x < $1.x }
    }

    private static func latency(
        _ period: GraphPeriod,
        _ points: [LatencyGraph.Point],
        theme: GraphTheme = .light
    ) -> String {
        LatencyGraph(
            of: "T12",
            period,
            until: Self.end,
            points,
            total: LatencyGraph.Quantiles(low: 10, median: 20, high: 40),
            theme: theme
        ).svg
    }

    /// Whether a place is where it should be, to the precision that is written.
    private static func isNear(_ found: Double?, _ expected: Double, _ tolerance: Double = 0.01) -> Bool {
        found.map { abs($0 - expected) < tolerance } ?? false
    }

    /// Where a time lies, worked out anew from the size of the plot.
    private static func x(_ time: Int64, _ period: GraphPeriod) -> Double {
        72 + 672 * Double(time - (Self.end - period.length)) / Double(period.length)
    }

    @Test(arguments: GraphPeriod.allCases)
    func ofLatencyHaveTheFiguresOfTheirPoints(_ period: GraphPeriod) throws {
        let count = Int(period.length / period.step)
        #expect(count == [.day: 144, .week: 168, .month: 720, .year: 365][period])
        // Every seventh step has nothing; every fifth lost some of its ten probes.
        let points = (0..<count).filter { $0 % 7 != 3 }.map { index in
            let median: Double = 20 + 15 * sin(Double(index) / 9)
            return LatencyGraph.Point(
                time: Self.end - period.length + Int64(index) * period.step,
                quantiles: LatencyGraph.Quantiles(low: median - 4, median: median, high: median + 9),
                sent: 10,
                lost: index % 5 == 0 ? Int64(index % 10) + 1 : 0
            )
        }

        let svg = Self.latency(period, points)

        let (medians, bands) = (try Self.pieces("median", in: svg), try Self.pieces("band", in: svg))
        let marks = try Self.pieces("loss", in: svg)
        #expect(medians.count == points.count && bands.count == points.count)
        #expect(marks.count == points.filter { $0.lost > 0 }.count)
        func y(_ milliseconds: Double) -> Double { 188 - 154 * milliseconds / 50 }
        let width = 672 / Double(count)
        for (point, (median, band)) in zip(points, zip(medians, bands)) {
            let quantiles = try #require(point.quantiles)
            #expect(Self.isNear(median.x, Self.x(point.time, period)))
            #expect(Self.isNear(band.x, median.x))
            #expect(Self.isNear(median.width, width))
            #expect(Self.isNear(median.y, y(quantiles.median), 0.06))
            #expect(Self.isNear(band.y, y(quantiles.high), 0.06))
            #expect(Self.isNear(band.end, y(quantiles.low), 0.06))
        }
        for (point, mark) in zip(points.filter { $0.lost > 0 }, marks) {
            let length = 1 + 0.9 * Double(point.lost)
            #expect(Self.isNear(mark.end, length, 0.06))
        }
        #expect(svg.utf8.count < (period == .month ? 50_000 : 30_000), "\(svg.utf8.count) octets")
    }

    @Test(arguments: GraphPeriod.allCases)
    func ofTrafficHaveTheFiguresOfTheirPoints(_ period: GraphPeriod) throws {
        let count = Int(period.length / period.step)
        let points = (0..<count).filter { $0 < 20 || $0 > 40 }.map { (index: Int) -> TrafficGraph.Point in
            TrafficGraph.Point(
                time: Self.end - period.length + Int64(index) * period.step,
                incoming: index == 50 ? 1_530_000 : Double(index) * 1000,
                outgoing: Double(count - index) * 500
            )
        }

        let svg = TrafficGraph(of: "chtst01", period, until: Self.end, points, theme: .dark).svg

        let (above, below) = (try Self.pieces("in", in: svg), try Self.pieces("out", in: svg))
        #expect(above.count == points.count && below.count == points.count)
        for (point, (incoming, outgoing)) in zip(points, zip(above, below)) {
            let (up, down) = (111 - 77 * point.incoming / 2e6, 111 + 77 * point.outgoing / 2e6)
            #expect(Self.isNear(incoming.x, Self.x(point.time, period)))
            #expect(Self.isNear(incoming.end, up))
            #expect(Self.isNear(outgoing.end, down))
        }
        let sparkline = TrafficGraph(of: "chtst01", period, until: Self.end, points, theme: .dark).sparkline
        let small = zip(try Self.pieces("in", in: sparkline), try Self.pieces("out", in: sparkline))
        for (point, (incoming, outgoing)) in zip(points, small) {
            let age = Double(Self.end - point.time) / Double(period.length)
            #expect(Self.isNear(incoming.x, 240 * (1 - age)))
            #expect(Self.isNear(incoming.end, 24 - 24 * point.incoming / 2e6))
            #expect(Self.isNear(outgoing.end, 24 + 24 * point.outgoing / 2e6))
        }
        #expect(sparkline.contains("<title>Traffic of chtst01, last \(period.rawValue)</title>"))
        let time = UTCTime(points.first { $0.incoming == 1_530_000 }?.time ?? 0).text
        #expect(svg.contains("maximum 1.53 Mbit/s at \(time)"))
        #expect(svg.contains("Nothing was measured for "))
        #expect(svg.utf8.count < 80_000)
    }

    @Test func sayInWordsWhatTheyShow() {
        let points = [
            LatencyGraph.Point(
                time: Self.end - 1200,
                quantiles: .init(low: 8, median: 9.5, high: 12),
                sent: 10,
                lost: 0
            ),
            LatencyGraph.Point(
                time: Self.end - 600,
                quantiles: .init(low: 8, median: 30, high: 45),
                sent: 10,
                lost: 5
            ),
        ]

        let svg = Self.latency(.day, points)

        #expect(svg.contains("role=\"img\"") && svg.contains("<title>Latency of T12, last day</title>"))
        #expect(svg.contains("Half took 20 ms at most, 10 % 10 ms, 90 % 40 ms."))
        #expect(svg.contains("The highest median was 30 ms, at \(UTCTime(Self.end - 600).text)."))
        #expect(svg.contains("Of 20 probes 5 were lost (25 %). Nothing was measured for 24 hours."))
    }

    @Test func ofNothingSaySo() {
        let latency = LatencyGraph(of: "T12", .week, until: Self.end, [], total: nil, theme: .light).svg
        let traffic = TrafficGraph(of: "T12", .year, until: Self.end, [], theme: .light).svg

        for svg in [latency, traffic] {
            #expect(svg.contains("Nothing was measured.") && svg.contains(">nothing was measured</text>"))
        }
    }

    @Test func ofWhatIsLostHaveNoMedian() throws {
        let svg = Self.latency(
            .day,
            [LatencyGraph.Point(time: Self.end - 600, quantiles: nil, sent: 10, lost: 10)]
        )

        #expect(try Self.pieces("median", in: svg).isEmpty)
        #expect(try Self.pieces("loss", in: svg).map(\.end) == [10])
        #expect(svg.contains(">all lost</text>"))
    }

    /// What a page's policy blocks, or what would run.
    @Test(arguments: GraphTheme.allCases)
    func haveNoStyleAndNoScript(_ theme: GraphTheme) throws {
        let hostile = "\"><script>alert(1)</script>'&\u{202e}\u{0}\u{1b}[2J\u{ffff}"
        let points = [TrafficGraph.Point(time: Self.end - 600, incoming: 1, outgoing: 2)]

        let svg = TrafficGraph(of: hostile, .day, until: Self.end, points, theme: theme).svg

        #expect(!svg.contains("style") && !svg.contains("<script") && !svg.contains("on" + "load"))
        #expect(
            svg.contains(
                "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\u{fffd}\u{fffd}\u{fffd}[2J\u{fffd}"
            )
        )
        let parser = XMLCheck.isWellFormed(svg)
        #expect(parser, "\(svg)")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, -5, 1e300, 0])
    func doNotTrapWhateverAFigureIs(_ value: Double) {
        let point = LatencyGraph.Point(
            time: Self.end - 600,
            quantiles: .init(low: value, median: value, high: value),
            sent: 10,
            lost: 20
        )
        let traffic = TrafficGraph.Point(time: .max, incoming: value, outgoing: value)
        let later = TrafficGraph.Point(time: Self.end - 600, incoming: value, outgoing: value)

        for svg in [
            Self.latency(.day, [point]),
            TrafficGraph(of: "T1", .day, until: Self.end, [traffic, later], theme: .light).svg,
        ] {
            #expect(!svg.contains("nan") && !svg.contains("inf"))
        }
    }

    // swift-format-ignore
    static let times: [(Int64, String)] = [
        (0, "1970-01-01 00:00"), (951_782_400, "2000-02-29 00:00"), (1_800_000_000, "2027-01-15 08:00"),
        (1_709_251_199, "2024-02-29 23:59"), (-1, "1969-12-31 23:59"), (4_107_542_400, "2100-03-01 00:00"),
    ]

    @Test(arguments: times)
    func tellTimesInUTC(_ seconds: Int64, _ text: String) { #expect(UTCTime(seconds).text == text) }

    // swift-format-ignore
    static let numbers: [(Double, String)] = [
        (0, "0 bit/s"), (999, "999 bit/s"), (999.6, "1 kbit/s"), (1530, "1.53 kbit/s"), (12_340_000, "12.3 Mbit/s"),
        (3e9, "3 Gbit/s"), (1e20, "100000000 Tbit/s"),
    ]

    @Test(arguments: numbers)
    func writeRates(_ bits: Double, _ text: String) { #expect(GraphText.bitRate(bits) == text) }

    @Test func colourLossByItsShare() {
        let shares: [Double] = [0, 0.01, 0.1, 0.2, 0.5, 1]
        #expect(shares.map { LossClass($0) } == LossClass.allCases)
        for theme in GraphTheme.allCases {
            #expect(Set(LossClass.allCases.map { theme.colour(of: $0) }).count == LossClass.allCases.count)
        }
    }

    /// Against their background: text and lines that carry meaning can be told from it (WCAG 2, 4.5 and 3 to 1).
    @Test(arguments: GraphTheme.allCases)
    func standOutFromTheirBackground(_ theme: GraphTheme) {
        #expect(Self.contrast(theme.text, theme.background) >= 7)
        for colour in LossClass.allCases.map({ theme.colour(of: $0) }) + [theme.incoming, theme.outgoing] {
            #expect(Self.contrast(colour, theme.background) >= 3, "\(colour)")
        }
    }

    private static func contrast(_ one: String, _ other: String) -> Double {
        let lights = [one, other].map(Self.luminance).sorted()
        return (lights[1] + 0.05) / (lights[0] + 0.05)
    }

    private static func luminance(_ colour: String) -> Double {
        let number = UInt32(colour.dropFirst(), radix: 16) ?? 0
        let channels = [number >> 16, number >> 8, number].map { value -> Double in
            let share = Double(value & 0xff) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
}

/// Whether tags and quotes of a document match: enough for what graphs are made of.
enum XMLCheck {
    static func isWellFormed(_ text: String) -> Bool {
        var (open, rest): ([Substring], Substring) = ([], text[...])
        while let start = rest.firstIndex(of: "<") {
            guard !rest[..<start].contains(">"), let end = rest[start...].firstIndex(of: ">") else {
                return false
            }
            let tag = rest[rest.index(after: start)..<end]
            guard !tag.contains("<"), tag.filter({ $0 == "\"" }).count % 2 == 0 else { return false }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
            rest = rest[rest.index(after: end)...]
        }
        return open.isEmpty
    }
}
