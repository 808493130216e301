import TestSupport
import Testing
import Wire

@Suite("Figures for Prometheus")
struct ExpositionTests {
    private static func text(_ body: (inout Exposition) -> Void) -> String {
        var exposition = Exposition()
        body(&exposition)
        return String(decoding: exposition.octets, as: UTF8.self)
    }

    @Test func aFamilySaysWhatItIsBeforeItsSamples() {
        let text = Self.text { exposition in
            exposition.family("a_total", .counter, "How many.") { samples in
                samples.add(["x": "1", "y": "2"], UInt64.max)
                samples.add(["x": "2", "y": "2"], 0)
            }
            exposition.family("b_seconds", .gauge, "How long.") { $0.add(0.25) }
        }

        #expect(
            text == """
                # HELP a_total How many.
                # TYPE a_total counter
                a_total{x="1",y="2"} 18446744073709551615
                a_total{x="2",y="2"} 0
                # HELP b_seconds How long.
                # TYPE b_seconds gauge
                b_seconds 0.25

                """
        )
        #expect(ExpositionCheck.problems(text) == [])
    }

    @Test func aFamilyWithoutSamplesIsLeftOut() {
        let text = Self.text { exposition in
            exposition.family("a", .gauge, "None.") { _ in }
            exposition.family("b", .gauge, "One.") { $0.add(1) }
        }

        #expect(text == "# HELP b One.\n# TYPE b gauge\nb 1\n")
    }

    // swift-format-ignore
    static let texts: [Row<String, String>] = [
        Row("plain",            "chtst01",          is: "chtst01"),
        Row("a quote",          "a\"b",             is: "a\\\"b"),
        Row("a backslash",      "a\\b",             is: "a\\\\b"),
        Row("a line break",     "a\nb",             is: "a\\nb"),
        Row("all of them",      "\\\"\n",           is: "\\\\\\\"\\n"),
        Row("a brace",          "a} 7\tb{",         is: "a} 7\tb{"),
        Row("beyond ASCII",     "Zürich",           is: "Zürich"),
        Row("nothing",          "",                 is: ""),
    ]

    @Test(arguments: Self.texts)
    func labelsAreEscaped(_ row: Row<String, String>) {
        let text = Self.text { $0.family("a", .gauge, "b") { $0.add(["x": row.input], 1) } }

        #expect(text.hasSuffix("\na{x=\"\(row.output)\"} 1\n"))
        #expect(text.split(separator: "\n").count == 3)
    }

    @Test func helpIsEscapedButForItsQuotes() {
        let text = Self.text { $0.family("a", .gauge, "x\\y\n\"z\"") { $0.add(1) } }

        #expect(text.hasPrefix("# HELP a x\\\\y\\n\"z\"\n"))
    }

    // swift-format-ignore
    static let numbers: [Row<Double, String>] = [
        Row("whole",         5,             is: "5.0"),
        Row("small",         0.00025,       is: "0.00025"),
        Row("large",         1e20,          is: "1e+20"),
        Row("negative",      -1.5,          is: "-1.5"),
        Row("endless",       .infinity,     is: "+Inf"),
        Row("endless below", -.infinity,    is: "-Inf"),
        Row("none",          .nan,          is: "NaN"),
    ]

    @Test(arguments: Self.numbers)
    func numbersAreWritten(_ row: Row<Double, String>) {
        #expect(
            Self.text { $0.family("a", .gauge, "b") { $0.add(row.input) } }.hasSuffix("\na \(row.output)\n")
        )
    }

    @Test func roundTripsAreAHistogram() {
        var roundTrips = RoundTrips()
        for microseconds: UInt64 in [200, 250, 251, 8_192_000, 9_000_000] {
            roundTrips.count(microseconds: microseconds)
        }
        roundTrips.add(roundTrips)

        let text = Self.text { exposition in
            exposition.family("a_seconds", .histogram, "b") {
                $0.add(["x": "1\""], roundTrips, microseconds: 34_385_402)
            }
        }
        let lines = text.split(separator: "\n")

        #expect(lines.count == 2 + 17 + 2)
        #expect(lines[2] == "a_seconds_bucket{x=\"1\\\"\",le=\"0.00025\"} 4")
        #expect(lines[3] == "a_seconds_bucket{x=\"1\\\"\",le=\"0.0005\"} 6")
        #expect(lines[17] == "a_seconds_bucket{x=\"1\\\"\",le=\"8.192\"} 8")
        #expect(lines[18] == "a_seconds_bucket{x=\"1\\\"\",le=\"+Inf\"} 10")
        #expect(lines[19] == "a_seconds_sum{x=\"1\\\"\"} 34.385402")
        #expect(lines[20] == "a_seconds_count{x=\"1\\\"\"} 10")
        #expect(ExpositionCheck.problems(text) == [])
    }

    @Test func aHistogramGrowsTowardsItsCount() {
        var histogram = Histogram(bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.record(value) }

        let text = Self.text { exposition in
            exposition.family("a_seconds", .histogram, "b") { $0.add(["x": "1"], histogram) }
        }

        #expect(
            text.split(separator: "\n").dropFirst(2) == [
                "a_seconds_bucket{x=\"1\",le=\"0.1\"} 2", "a_seconds_bucket{x=\"1\",le=\"1.0\"} 3",
                "a_seconds_bucket{x=\"1\",le=\"+Inf\"} 4", "a_seconds_sum{x=\"1\"} 7.65",
                "a_seconds_count{x=\"1\"} 4",
            ]
        )
        #expect(ExpositionCheck.problems(text) == [])
    }

    @Test func countsFromElsewhereFitTheirBounds() {
        #expect(Histogram(bounds: [1, 2], counts: [3], sum: 3).counts == [3, 0, 0])
        #expect(Histogram(bounds: [1], counts: [1, 2, 3], sum: 3).counts == [1, 2])
        #expect(Histogram(bounds: [], counts: [], sum: 0).count == 0)
    }
}
