import TestSupport
import Testing
import Wire

@Suite("What is believed of a report") struct ReceivedReportTests {
    private static let expectation = expecting([1])

    private static func expecting(_ tunnels: [UInt32]) -> ReportExpectation {
        let numbers = tunnels.compactMap(TunnelNumber.init(rawValue:))
        return ReportExpectation(popID: 1, popName: "chtst01", tunnels: Set(numbers), now: ReportText.now)
    }

    private static func received(
        _ text: String,
        _ expectation: ReportExpectation = Self.expectation
    ) throws
        -> ReceivedReport
    {
        try ReceivedReport(parsing: Array(text.utf8), expecting: expectation)
    }

    @Test func isAllOfAHealthyOne() throws {
        let report = try Self.received(ReportText.json())

        let row = try #require(report.tunnels.first)
        #expect(report.doubts.words == nil)
        #expect(report.impostor == nil)
        #expect(report.instance == String(repeating: "ab", count: 16))
        #expect(
            (report.version, report.uptime, report.hostUptime, report.generation) == ("0.1.0", 4242, 99999, 7)
        )
        #expect(report.skew(from: ReportText.now - 5) == 5)
        #expect((report.totals.online, report.totals.active, report.totals.configured) == (0, 0, 2))
        #expect(report.totals.txBytes == Tally(2000))
        #expect((row.number.description, row.state, row.type, row.mtu) == ("T1", .up, "ayiya", 1428))
        #expect(row.endpoint == "198.51.100.7:5072")
        #expect(row.latency.microseconds == Tally(7500))
        #expect(row.errors == ["Clock Off": .init(clamping: 3)])
        #expect(report.errorCount == Tally(3))
    }

    /// Each number, each extreme: believed where it can be, and otherwise it alone is unknown.
    @Test(arguments: ReportText.numbers)
    func isEverythingButTheNumberThatCannotBe(_ number: ReportText.Number) throws {
        let usual = try Self.received(ReportText.json())
        for extreme in ReportText.extremes {
            let report = try Self.received(ReportText.json([number.description: extreme]))

            let name = number.description.split(separator: ".").last ?? ""
            let isBelieved = number.allows(extreme)
            #expect(report.doubts.valuesInAll == (isBelieved ? 0 : 1), "\(number) \(extreme.prefix(30))")
            #expect(
                (report.doubts.words?.contains(name) ?? false) == !isBelieved,
                "\(number) \(extreme.prefix(30))"
            )
            #expect((report.doubts.words?.utf8.count ?? 0) < 200)
            // Whatever it was: the other numbers are as they are without it.
            #expect(
                Self.numbers(of: report).count { !Self.numbers(of: usual).contains($0) } <= 1,
                "\(number) \(extreme.prefix(30))"
            )
        }
    }

    private static func numbers(of report: ReceivedReport) -> [String] {
        let row = report.tunnels.first
        let tallies = [
            report.totals.rxPackets, report.totals.rxBytes, report.totals.txPackets, report.totals.txBytes,
            row?.inPackets,
            row?.inBytes, row?.outPackets, row?.outBytes, row?.latency.sent, row?.latency.received,
            row?.errors["Clock Off"], report.kernel?.mended,
        ]
        let integers = [
            report.uptime, report.hostUptime, report.time, report.generation, report.totals.online,
            report.totals.active,
            report.totals.configured, row?.mtu, row?.lastIn, row?.lastOut, row?.lastBeat,
        ]
        let latency = [row?.latency.lossPercent, row?.latency.minMs, row?.latency.avgMs, row?.latency.maxMs]
        return
            (tallies.map { "\(String(describing: $0))" } + integers.map { "\(String(describing: $0))" }
            + latency.map { "\(String(describing: $0))" }).enumerated().map { "\($0.offset) \($0.element)" }
    }

    @Test(arguments: ReportText.numbers)
    func isNothingOfWhatIsNoJSON(_ number: ReportText.Number) {
        for token in [
            "NaN", "Infinity", "-Infinity", "0x10", "01", "1.", ".5", "+1", "-", "1e", "nan", "'1'",
        ] {
            #expect(throws: ReportError.self, "\(number) \(token)") {
                try Self.received(ReportText.json([number.description: token]))
            }
        }
    }

    @Test func sumsStayWithinTheirRange() throws {
        let greatest = "\(Tally.greatestReported)"
        let others = Dictionary(uniqueKeysWithValues: ReportText.numbers.map { ($0.description, greatest) })
        let report = try Self.received(ReportText.json(others))
        let tunnel = try #require(report.tunnels.first)
        var fleet = report
        fleet.tunnels = Array(repeating: tunnel, count: 8192)

        #expect(fleet.errorCount.value == Tally.limit)
        #expect(Array(repeating: fleet.errorCount, count: 4095).sum.value == Tally.limit)
    }

    @Test func hasTheFaultsOfItsKernelAsLines() throws {
        let report = try Self.received(ReportText.json(faults: "[\"route gone\",\"two\\nlines\\u001b[2J\"]"))

        #expect(report.kernel?.mended == Tally(2))
        #expect(report.kernel?.faults == ["route gone", "two lines?[2J"])
        #expect(report.doubts.words == nil)
    }

    @Test(arguments: [
        ("null", 0, "faults is null"), ("7", 0, "faults is 7"), ("[7,\"a\"]", 1, "has 7"),
        ("[[\"a\"]]", 0, "has a list"),
        ("[\"" + String(repeating: "a", count: 1001) + "\"]", 0, "faults has"),
    ])
    func isNothingOfFaultsThatAreNone(_ faults: String, _ kept: Int, _ doubt: String) throws {
        let report = try Self.received(ReportText.json(faults: faults))

        #expect(report.kernel?.faults.count == kept)
        #expect(report.doubts.valuesInAll == 1)
        #expect(report.doubts.words?.contains(doubt) == true, "\(report.doubts.words ?? "")")
    }

    @Test func keepsTheFirstOfManyFaultsAndBelievesTheRest() throws {
        let faults = (1...20).map { "\"fault \($0) \(String(repeating: "a", count: 900))\"" }
        let report = try Self.received(ReportText.json(faults: "[\(faults.joined(separator: ","))]"))

        #expect(report.kernel?.faults.count == ReceivedReport.Kernel.mostFaults)
        #expect(report.kernel?.faults.first?.hasPrefix("fault 1 a") == true)
        #expect(report.doubts.words == nil)
    }

    @Test func needsNoKernel() throws {
        let text = ReportText.json().replacing("\"kernel\"", with: "\"unknown\"")

        let report = try Self.received(text)
        #expect(report.kernel == nil)
        #expect(report.doubts.words == nil)
    }

    @Test func isNothingOfTunnelsThatAreOthers() throws {
        let report = try Self.received(ReportText.json(tunnel: "T2"))

        #expect(report.tunnels.isEmpty)
        #expect(report.strays == [TunnelNumber(rawValue: 2)])
        #expect(report.doubts.words == "its report has 1 tunnel that is not its own (T2)")
        #expect(try Self.received(ReportText.json(tunnel: "T2"), Self.expecting([2])).doubts.words == nil)
    }

    @Test(arguments: ["T0", "T4294967296", "T-1", "Tx", "", "T1 "])
    func isNothingOfARowWithoutATunnel(_ tunnel: String) throws {
        let report = try Self.received(ReportText.json(tunnel: tunnel))

        #expect(report.tunnels.isEmpty)
        #expect(report.doubts.words?.contains("1 row that belongs to no tunnel") == true)
    }

    @Test func takesATunnelOnceAndNoMoreThanAPoPCanHave() throws {
        let text = ReportText.json()
        let parts = text.split(separator: "\"tunnels\":[", maxSplits: 1).map(String.init)
        let row = try #require(parts[1].firstRange(of: "}]").map { String(parts[1][..<$0.lowerBound]) + "}" })
        let rest = parts[1].dropFirst(row.utf8.count)
        let many = (0..<10_000).map { row.replacing("T1", with: "T\($0 + 1)") } + [row]
        let report = try Self.received(
            parts[0] + "\"tunnels\":[" + many.joined(separator: ",") + rest,
            Self.expecting(Array(1...10_000))
        )

        #expect(report.tunnels.count == ReportExpectation.maximumTunnels)
        #expect(report.doubts.words == "its report has 1809 rows that belong to no tunnel")
    }

    // swift-format-ignore
    static let claims: [Row<String, String?>] = [
        Row("its own",       "{\"id\":1,\"name\":\"chtst01\"}", is: nil),
        Row("not told yet",  "null",                            is: nil),
        Row("another id",    "{\"id\":2,\"name\":\"chtst01\"}", is: "PoP 2 chtst01"),
        Row("another name",  "{\"id\":1,\"name\":\"nltst01\"}", is: "PoP 1 nltst01"),
        Row("no id",         "{\"name\":\"chtst01\"}",          is: "PoP ? chtst01"),
        Row("an extreme id", "{\"id\":-9223372036854775808,\"name\":\"chtst01\"}", is: "PoP ? chtst01"),
        Row("escapes",       "{\"id\":1,\"name\":\"\\u001b[2J\"}", is: "PoP 1 ?"),
        Row("no object",     "5",                               is: "no PoP"),
    ]

    @Test(arguments: Self.claims)
    func saysWhetherItIsOfAnother(_ row: Row<String, String?>) throws {
        #expect(try Self.received(ReportText.json(claim: row.input)).impostor == row.output)
    }

    @Test func keepsNoWordThatAStrangerMadeUp() throws {
        let text = ReportText.json().replacing("0.1.0", with: "\\u001b[2J\\u202e").replacing(
            "ayiya",
            with: "x\\ny"
        )
        .replacing("198.51.100.7:5072", with: "evil.example").replacing("Clock Off", with: "Made Up")
        let report = try Self.received(text)

        #expect(report.version == nil)
        #expect(report.tunnels.first?.type == nil)
        #expect(report.tunnels.first?.endpoint == nil)
        #expect(report.tunnels.first?.errors.isEmpty == true)
        #expect(
            report.doubts.words
                == "its report has 3 impossible values (version is a text, T1 type is a text, T1 endpoint is a text)"
        )
    }

    // swift-format-ignore
    static let garbage: [Row<String, ReportError>] = [
        Row("nothing",         "",             is: .notJSON(expected: "a value", place: 0)),
        Row("no report",       "{}",           is: .notAReport),
        Row("a list",          "[]",           is: .notAReport),
        Row("a number",        "5",            is: .notAReport),
        Row("two values",      "{} {}",        is: .notJSON(expected: "the end", place: 3)),
        Row("cut",             "{\"uptime\":", is: .notJSON(expected: "a value", place: 10)),
        Row("a comma at last", "{\"x\":1,}",   is: .notJSON(expected: "a text in quotes", place: 7)),
        Row("no comma",        "{\"x\":1 \"y\":2}", is: .notJSON(expected: "\",\"", place: 7)),
        Row("a key twice",     "{\"uptime\":1,\"uptime\":2}", is: .notJSON(expected: "uptime once", place: 21)),
        Row("a bare escape",   "{\"\\x\":1}",  is: .notJSON(expected: "an escape of JSON", place: 3)),
        Row("half a unit",     "{\"\\u12\":1}", is: .notJSON(expected: "four hexadecimal digits", place: 4)),
        Row("a raw newline",   "{\"\n\":1}",   is: .notJSON(expected: "a text without control characters", place: 2)),
        Row("too deep",        String(repeating: "[", count: 100_000), is: .notJSON(expected: "at most 16 values inside each other", place: 17)),
    ]

    @Test(arguments: Self.garbage)
    func isNothingOf(_ row: Row<String, ReportError>) {
        #expect(throws: row.output) { try Self.received(row.input) }
    }

    @Test func readsKeysThatAreEscaped() throws {
        let report = try Self.received(ReportText.json().replacing("uptime", with: "\\u0075p\\u0074ime"))

        #expect(report.uptime == 4242)
    }

    @Test func mayBeAsLongAsThePoPIsLarge() {
        #expect(Self.expecting([]).maximumLength == 65_536)
        #expect(Self.expecting([1, 2]).maximumLength == 65_536 + 2 * 1536)
        #expect(Self.expecting(Array(1...9000)).maximumLength == 65_536 + 8192 * 1536)
        let earlier = ReportExpectation(popID: 1, popName: "chtst01", tunnels: [], earlierTunnels: .max)
        #expect(earlier.maximumLength == 65_536 + 8192 * 1536)
    }
}
