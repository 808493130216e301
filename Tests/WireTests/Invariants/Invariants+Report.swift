import Wire

/// The whole way of a report: what is believed, what it comes to, and the words for it.
func checkReport(_ input: [UInt8]) throws(BrokenInvariant) {
    let now: Int64 = 1_800_000_000
    let numbers = [UInt32(1), 2, 3].compactMap(TunnelNumber.init(rawValue:))
    let expectation = ReportExpectation(
        popID: 1,
        popName: "chtst01",
        tunnels: Set(numbers),
        peers: [2, 3, 4095],
        now: now
    )
    let report: ReceivedReport
    do throws(ReportError) {
        report = try ReceivedReport(parsing: input, expecting: expectation)
    } catch {
        try require(isClean(error.description), "an error is clean: \(error)")
        return
    }
    try require(
        report.tunnels.count + report.strays.count <= ReportExpectation.maximumTunnels,
        "rows are bounded"
    )
    try require(Set(report.tunnels.map(\.number)).isSubset(of: numbers), "tunnels are its own")
    try require(Set(report.tunnels.map(\.number)).count == report.tunnels.count, "a tunnel is there once")
    try require(Set(report.strays).isDisjoint(with: numbers), "strays are others")
    let words = [report.doubts.words, report.impostor, report.version, report.instance, report.digest]
        .compactMap(\.self)
    try require(
        words.allSatisfy { isClean($0) && $0.utf8.count < 1000 },
        "words are clean and short: \(words)"
    )
    try checkRanges(of: report, now: now)
    try checkPeers(report.peers)
    // What a store keeps may be anything after a disk fault.
    if let peers = PeerProbes(packed: input) { try checkPeers(peers, mayBeOthers: true) }
    try checkSums(of: report)
}

private func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0 == "…" || (0x20..<0x7f).contains($0.value) }
}

private func checkRanges(of report: ReceivedReport, now: Int64) throws(BrokenInvariant) {
    let century = 3_155_760_000
    let (online, active) = (report.totals.online ?? 0, report.totals.active ?? 0)
    let configured = report.totals.configured ?? ReportExpectation.maximumTunnels
    try require((0...8192).contains(configured), "configured \(configured)")
    try require((0...configured).contains(online) && (0...configured).contains(active), "\(online) \(active)")
    try require((0...century).contains(report.uptime ?? 0), "uptime \(report.uptime ?? 0)")
    try require((-century...century).contains(report.skew(from: now) ?? 0), "time \(report.time ?? 0)")
    for row in report.tunnels {
        let times = [row.lastIn, row.lastOut, row.lastBeat].compactMap(\.self)
        try require(times.allSatisfy { (0...2 * century).contains($0) }, "times \(times)")
        let latencies = [row.latency.minMs, row.latency.avgMs, row.latency.maxMs].compactMap(\.self)
        try require(latencies.allSatisfy { (0...3_600_000).contains($0) }, "latencies \(latencies)")
        if let roundTrips = row.latency.roundTrips {
            try require(RoundTrips(packed: roundTrips.packed) == roundTrips, "buckets are stored whole")
            try require(
                RoundTrips(cumulative: roundTrips.cumulative.map(Int64.init)) == roundTrips,
                "buckets are told whole"
            )
            let quantiles = [0, 0.1, 0.5, 0.9, 1].compactMap(roundTrips.quantile)
            try require(
                quantiles.allSatisfy { (0...10_000_000).contains($0) } && quantiles == quantiles.sorted(),
                "quantiles \(quantiles)"
            )
        }
        try require(row.errors.keys.allSatisfy(PoPReport.errorKinds.contains), "errors are known")
    }
}

/// What was said of other PoPs: only those that are known, and kept whole.
private func checkPeers(_ peers: PeerProbes, mayBeOthers: Bool = false) throws(BrokenInvariant) {
    let known = peers.counts.keys.allSatisfy { [2, 3, 4095].contains($0.peer) }
    try require(known || mayBeOthers, "PoPs are known")
    try require(PeerProbes(packed: peers.packed) == peers, "PoPs are kept whole")
    try require(peers.growth(since: peers) == PeerProbes(), "nothing grew")
    let sums = peers.growth(since: PeerProbes())
    var twice = sums
    twice.add(sums)
    for (path, counts) in twice.counts {
        try require((0...Tally.limit).contains(counts.sent.value), "a sum is bounded")
        let growth = counts.growth(since: sums[path])
        try require(growth.sent.value >= 0 && growth.received.value >= 0, "growth is not negative")
    }
}

/// What a centre adds up, over restarts and over a fleet.
private func checkSums(of report: ReceivedReport) throws(BrokenInvariant) {
    for row in report.tunnels {
        let counters = [
            row.inPackets, row.inBytes, row.outPackets, row.outBytes, row.latency.sent, row.latency.received,
        ]
        for value in counters + [row.latency.microseconds] {
            try require((value?.value ?? 0) <= Tally.greatestReported, "a counter is bounded")
            var sum = CounterSum(storedCount: value?.value ?? 0, offset: Tally.limit - 1)
            for isSameLife in [true, false, false, true] {
                let before = sum.total
                sum = sum.following(value, isSameLife: isSameLife)
                try require((0...Tally.limit).contains(sum.total.value), "a sum is bounded")
                try require(
                    sum.total.growth(since: before).value >= 0,
                    "and does not shrink by less than nothing"
                )
            }
        }
    }
    let errors = Array(repeating: report.errorCount, count: 4095).sum
    try require((0...Tally.limit).contains(errors.value), "errors are bounded")
}
