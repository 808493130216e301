import TestSupport
import Testing
import Wire

@Suite("What PoPs measure of each other") struct PeerProbesTests {
    private static func report(_ peers: String, knowing known: Set<Int> = [2, 3]) throws -> ReceivedReport {
        let tunnel = try #require(TunnelNumber(rawValue: 1))
        let expectation = ReportExpectation(
            popID: 1,
            popName: "chtst01",
            tunnels: [tunnel],
            peers: known,
            now: ReportText.now
        )
        let json = ReportText.json().dropLast() + ",\"peers\":\(peers)}"
        return try ReceivedReport(parsing: Array(json.utf8), expecting: expectation)
    }

    private static let nothing = "{\"sent\":4,\"received\":0,\"lossPercent\":100,\"minMs\":null}"
    private static let some = """
        {"sent":4,"received":3,"lossPercent":25,"minMs":1,"avgMs":2,"maxMs":3,\
        "buckets":[0,0,1,2,3,3,3,3,3,3,3,3,3,3,3,3,3]}
        """

    @Test func areBelieved() throws {
        let report = try Self.report(
            "[{\"id\":2,\"name\":\"nltst01\",\"ipv4\":\(Self.some),\"ipv6\":\(Self.nothing)}]"
        )

        let (ipv4, ipv6) = (
            try #require(PeerPath(to: 2, isIPv6: false)), try #require(PeerPath(to: 2, isIPv6: true))
        )
        #expect(report.doubts.words == nil)
        #expect(report.peers.counts.count == 2)
        #expect(report.peers[ipv4].sent == Tally(4) && report.peers[ipv4].roundTrips.total == 3)
        #expect(report.peers[ipv6].received == .zero && report.peers[ipv6].sent == Tally(4))
    }

    // swift-format-ignore
    static let hostile: [Row<String, (ways: Int, doubt: String?)>] = [
        Row("no list",            "7",                                                              is: (0, "peers is 7")),
        Row("null",               "null",                                                           is: (0, "peers is null")),
        Row("none",               "[]",                                                             is: (0, nil)),
        Row("a number in it",     "[7]",                                                            is: (0, "peers has 7")),
        Row("nothing of it",      "[{}]",                                                           is: (0, "peers id is missing")),
        Row("no number",          "[{\"id\":\"x\",\"ipv4\":\(some),\"ipv6\":\(some)}]",           is: (0, "id is")),
        Row("beyond 16 bits",     "[{\"id\":65536,\"ipv4\":\(some),\"ipv6\":\(some)}]",           is: (0, "id is 65536")),
        Row("a PoP unknown here", "[{\"id\":9,\"ipv4\":\(some),\"ipv6\":\(some)}]",               is: (0, nil)),
        Row("one way wrong",      "[{\"id\":2,\"ipv4\":7,\"ipv6\":\(some)}]",                      is: (1, "PoP 2 ipv4 is 7")),
        Row("sent below 0",       "[{\"id\":2,\"ipv4\":{\"sent\":-1,\"received\":0},\"ipv6\":\(some)}]", is: (1, "PoP 2 sent is -1")),
        Row("falling buckets",    "[{\"id\":2,\"ipv4\":{\"sent\":1,\"received\":1,\"buckets\":[2,1]},\"ipv6\":\(some)}]", is: (2, "PoP 2 buckets has counts")),
        Row("twice",              "[{\"id\":2,\"ipv4\":\(some),\"ipv6\":\(some)},{\"id\":2,\"ipv4\":\(nothing),\"ipv6\":\(nothing)}]", is: (2, "peers has PoP 2 twice")),
    ]

    @Test(arguments: Self.hostile)
    func harmThemselvesAlone(_ row: Row<String, (ways: Int, doubt: String?)>) throws {
        let report = try Self.report(row.input)

        #expect(report.peers.counts.count == row.output.ways)
        #expect((report.doubts.words == nil) == (row.output.doubt == nil), "\(report.doubts.words ?? "-")")
        if let doubt = row.output.doubt {
            #expect(report.doubts.words?.contains(doubt) == true, "\(report.doubts.words ?? "-")")
        }
        #expect(report.tunnels.first?.inBytes == Tally(2000))
    }

    /// A fleet of 500 PoPs fits, and one of 5000 that are made up does not take more memory than those that are known.
    @Test func areManyAndBounded() throws {
        let rows = (1...500).map { "{\"id\":\($0),\"ipv4\":\(Self.some),\"ipv6\":\(Self.some)}" }
        let known = Set(2...500)

        let report = try Self.report("[\(rows.joined(separator: ","))]", knowing: known)

        let expectation = ReportExpectation(popID: 1, popName: "chtst01", tunnels: [], peers: known)
        #expect(report.peers.counts.count == 2 * 499)
        #expect(rows.joined().utf8.count < expectation.maximumLength)
        #expect(report.peers.packed.count < 998 * 13)
    }

    @Test func areKeptWhole() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var probes = PeerProbes()
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                let number = Int.random(in: 1...0xffff, using: &generator)
                let path = try #require(PeerPath(to: number, isIPv6: Bool.random(using: &generator)))
                var roundTrips = RoundTrips()
                for _ in 0..<Int.random(in: 0...20, using: &generator) {
                    roundTrips.count(microseconds: UInt64.random(in: 1...20_000_000, using: &generator))
                }
                let sent = Tally(clamping: Int64.random(in: 0...Tally.limit, using: &generator))
                probes[path] = .init(sent: sent, received: .zero, roundTrips: roundTrips)
            }
            #expect(PeerProbes(packed: probes.packed) == probes)
            #expect(PeerProbes(packed: probes.packed + [0x80]) == nil)
            if probes.counts.count > 0 { #expect(PeerProbes(packed: probes.packed.dropLast()) == nil) }
        }
    }

    static let broken: [[UInt8]] = [
        [0], [0, 1, 1, 0], [4], [4, 1], [4, 1, 1], [4, 1, 1, 1], [4, 1, 1, 2, 0x20], [4, 1, 1, 1, 0x9f],
        [4, 1, 1, 0, 4, 1, 1, 0], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 0],
        [0xff, 0xff, 0x7f, 1, 1, 0], [4, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]

    @Test(arguments: broken)
    func areNotTakenFromAnything(_ octets: [UInt8]) { #expect(PeerProbes(packed: octets) == nil) }

    @Test func growFromWhereTheyWere() throws {
        let path = try #require(PeerPath(to: 2, isIPv6: false))
        var (before, now) = (PeerProbes(), PeerProbes())
        before[path] = .init(sent: Tally(clamping: 10), received: Tally(clamping: 9))
        now[path] = .init(sent: Tally(clamping: 12), received: Tally(clamping: 10))

        #expect(now.growth(since: before)[path].sent == Tally(2))
        #expect(now.growth(since: now).counts.isEmpty)
        // Counting began anew.
        #expect(before.growth(since: now)[path] == before[path])
    }
}
