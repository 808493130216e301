import TestSupport
import Testing
import Wire

@Suite("Round trips in buckets")
struct RoundTripsTests {
    // swift-format-ignore
    static let bounds: [(microseconds: UInt64, bucket: Int)] = [
        (0, 0), (1, 0), (250, 0), (251, 1), (500, 1), (501, 2), (1000, 2), (1001, 3), (8_192_000, 15), (8_192_001, 16),
        (10_000_000, 16), (.max, 16),
    ]

    @Test(arguments: bounds)
    func fallIntoTheFirstThatIsWideEnough(_ microseconds: UInt64, _ bucket: Int) {
        #expect(RoundTrips.bucket(ofMicroseconds: microseconds) == bucket)
        #expect(RoundTrips.bound(of: bucket).map { microseconds <= $0 } ?? true)
        #expect(bucket == 0 || RoundTrips.bound(of: bucket - 1).map { microseconds > $0 } == true)
    }

    private static func counted(_ times: [UInt64]) -> RoundTrips {
        var roundTrips = RoundTrips()
        for time in times { roundTrips.count(microseconds: time) }
        return roundTrips
    }

    @Test func areCumulativeInReports() throws {
        let roundTrips = Self.counted([100, 200, 300, 9_000_000])

        let told = roundTrips.cumulative

        #expect(told == [2] + Array(repeating: 3, count: 15) + [4])
        #expect(RoundTrips(cumulative: told.map(Int64.init)) == roundTrips)
    }

    // swift-format-ignore
    static let refused: [(String, [Int64])] = [
        ("nothing", []), ("one too few", Array(repeating: 1, count: 16)), ("one too many", Array(repeating: 1, count: 18)),
        ("falling", [2, 1] + Array(repeating: 3, count: 15)), ("less than none", [-1] + Array(repeating: 3, count: 16)),
        ("more than fits", Array(repeating: 1 << 32, count: 17)), ("a sum of extremes", [.min] + Array(repeating: .max, count: 16)),
    ]

    @Test(arguments: refused)
    func areRefusedWhereTheyCannotBe(_ name: String, _ counts: [Int64]) {
        #expect(RoundTrips(cumulative: counts) == nil, "\(name)")
    }

    @Test func growFromAnEarlierTimeOrBeginAnew() {
        let earlier = Self.counted([100, 300])
        var later = earlier
        later.add(Self.counted([300, 700]))

        #expect(later.growth(since: earlier) == Self.counted([300, 700]))
        #expect(Self.counted([300]).growth(since: earlier) == Self.counted([300]))
    }

    @Test func arePackedIntoFewOctets() {
        let extremes = RoundTrips(cumulative: (0..<17).map { Int64(UInt32.max) * ($0 + 1) })
        for roundTrips in [RoundTrips(), Self.counted([100]), Self.counted([1, 9_000_000]), extremes]
            .compactMap(\.self)
        {
            #expect(RoundTrips(packed: roundTrips.packed) == roundTrips)
        }
        #expect(Self.counted(Array(repeating: 20_000, count: 10)).packed.count == 2)
        #expect(Self.counted(Array(repeating: 20_000, count: 1440)).packed.count == 3)
        for octets in [[0x80], [0x11 + 0x20], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]] as [[UInt8]] {
            #expect(RoundTrips(packed: octets) == nil)
        }
    }

    @Test func stayAtTheMost() throws {
        var most = try #require(RoundTrips(packed: Self.packed(UInt64(UInt32.max) << 5)))

        most.count(microseconds: 1)
        most.add(most)

        #expect(most[0] == .max)
        #expect(most.quantile(0.5) == 125)
    }

    private static func packed(_ value: UInt64) -> [UInt8] {
        var (octets, rest): ([UInt8], UInt64) = ([], value)
        while rest > 0x7f {
            octets.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return octets + [UInt8(rest)]
    }

    /// Against the times themselves, in random order: a quantile lies in the bucket of the time that has that rank.
    @Test func haveQuantilesThatAreNearTheTruth() throws {
        var random = SystemRandomNumberGenerator()
        #expect(RoundTrips().quantile(0.5) == nil)
        for _ in 0..<100 {
            let times = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt64.random(in: 1...(1 << UInt64.random(in: 1...23, using: &random)), using: &random)
            }
            let roundTrips = Self.counted(times)
            for share in [0.1, 0.5, 0.9, 1] {
                let rank = max(1, Int((share * Double(times.count)).rounded(.up)))
                let bucket = RoundTrips.bucket(ofMicroseconds: times.sorted()[rank - 1])
                let lower = bucket == 0 ? 0 : Double(RoundTrips.bound(of: bucket - 1) ?? 0)
                let upper = RoundTrips.bound(of: bucket).map { Double($0) } ?? 10_000_000
                let quantile = try #require(roundTrips.quantile(share))
                #expect((lower...upper).contains(quantile), "\(times) \(share)")
            }
        }
    }

    /// 68 octets each: for all tunnels of a PoP 0.6 MB, however many workers it has.
    @Test func takeLittleMemory() {
        #expect(MemoryLayout<RoundTrips>.size == 68)
        #expect(MemoryLayout<RoundTrips>.stride * 8192 < 2 << 20)
    }

    static let buckets: [(String, Bool)] = [
        ("[\(Array(repeating: "3", count: 17).joined(separator: ","))]", true), ("null", true), ("[]", false),
        ("[3]", false), ("7", false), ("{}", false), ("\"x\"", false), ("[[]]", false), ("[null]", false),
        ("[3,2\(String(repeating: ",4", count: 15))]", false),
        ("[1e9\(String(repeating: ",4", count: 16))]", false),
        ("[\(String(repeating: "0,", count: 5000))0]", false),
        ("[0\(String(repeating: ",9223372036854775807", count: 16))]", false),
    ]

    /// What a daemon says of them harms them alone.
    @Test(arguments: buckets)
    func areBelievedOfAReport(_ text: String, _ isBelieved: Bool) throws {
        let tunnel = try #require(TunnelNumber(rawValue: 1))
        let expectation = ReportExpectation(
            popID: 1,
            popName: "chtst01",
            tunnels: [tunnel],
            now: ReportText.now
        )
        let json = ReportText.json(["latency.maxMs": "3.5,\"buckets\":\(text)"])

        let report = try ReceivedReport(parsing: Array(json.utf8), expecting: expectation)

        let row = try #require(report.tunnels.first)
        #expect((row.latency.roundTrips != nil) == (isBelieved && text != "null"))
        #expect((report.doubts.words == nil) == isBelieved, "\(report.doubts.words ?? "-")")
        #expect(row.latency.received == Tally(3) && row.inBytes == Tally(2000))
    }
}
