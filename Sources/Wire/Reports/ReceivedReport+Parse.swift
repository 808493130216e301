extension ReceivedReport {
    /// Reads what a daemon answered to `pop report`.
    ///
    /// A value that cannot be harms itself alone. Rows of tunnels that the PoP does not have are counted and forgotten.
    ///
    /// - Throws: ``ReportError`` when it is no report at all.
    public init(parsing octets: [UInt8], expecting expectation: ReportExpectation) throws(ReportError) {
        var parser = ReportParser(octets, expectation)
        do throws(JSONReader.Failure) {
            try parser.read()
        } catch {
            throw .notJSON(expected: error.expected, place: error.place)
        }
        guard parser.isReport else { throw .notAReport }
        self = parser.report
    }
}

/// One pass over a report.
private struct ReportParser {
    private let expectation: ReportExpectation
    private var reader: ReportReader
    private var rows = 0
    private var numbers: Set<TunnelNumber> = []
    private(set) var report = ReceivedReport()

    /// Whether totals and tunnels were there, without which nothing else is worth anything.
    private(set) var isReport = false

    init(_ octets: [UInt8], _ expectation: ReportExpectation) {
        self.reader = ReportReader(json: JSONReader(octets))
        self.expectation = expectation
    }

    private enum Key: String, ReportKey {
        case instance, version, uptime, hostUptime, time, pop, generation, digest, totals, kernel, tunnels,
            peers

        var isRequired: Bool { self != .pop && self != .kernel && self != .peers }
    }

    mutating func read() throws(JSONReader.Failure) {
        guard try self.reader.beginObject("report") else { return try self.reader.json.end() }
        var seen: Set<Key> = []
        while let key = try self.reader.nextKey(&seen) { try self.read(key) }
        try self.reader.json.end()
        self.isReport = seen.isSuperset(of: [.totals, .tunnels])
        self.report.doubts = self.reader.doubts
    }

    private mutating func read(_ key: Key) throws(JSONReader.Failure) {
        let century = ReportReader.century
        switch key {
        case .instance: self.report.instance = try self.reader.text(key) { ReportWord.hexadecimal($0, 32) }
        case .version: self.report.version = try self.reader.text(key, convert: ReportWord.version)
        case .uptime: self.report.uptime = try self.reader.integer(key, in: 0...century)
        case .hostUptime: self.report.hostUptime = try self.reader.integer(key, in: 0...century)
        case .time:
            let now = Int64(UTCTime(self.expectation.now)?.seconds ?? 0)
            self.report.time = try self.reader.integer(key, in: now - century...now + century)
        case .pop: try self.readClaim()
        case .generation: self.report.generation = try self.reader.integer(key, in: 0...Int64(Int32.max))
        case .digest: self.report.digest = try self.reader.text(key) { ReportWord.hexadecimal($0, 64) }
        case .totals: try self.readTotals()
        case .kernel: try self.readKernel()
        case .tunnels: try self.readTunnels()
        case .peers: try self.readPeers()
        }
    }

    // MARK: - Who says it

    private enum ClaimKey: String, ReportKey {
        case id, name

        var isRequired: Bool { true }
    }

    private mutating func readClaim() throws(JSONReader.Failure) {
        guard self.reader.json.isAtObject() else {
            // Null before the daemon was told which PoP it is.
            guard case .null = try self.reader.json.value() else {
                self.report.impostor = "no PoP"
                return
            }
            return
        }
        try self.reader.json.beginObject()
        var seen: Set<ClaimKey> = []
        var (id, name): (Int?, String?)
        while let key = try self.reader.nextKey(&seen) {
            switch key {
            case .id: id = try self.reader.integer(key, in: 0...0xffff)
            case .name: name = try self.reader.text(key, convert: ReportWord.name)
            }
        }
        let isItsName = name == self.expectation.popName || self.expectation.formerNames.contains(name ?? "")
        guard id != self.expectation.popID || !isItsName else { return }
        self.report.impostor = "PoP \(id.map { "\($0)" } ?? "?") \(name ?? "?")"
    }

    // MARK: - Totals

    private enum TotalsKey: String, ReportKey {
        case online, active, configured, rxPackets, rxBytes, txPackets, txBytes

        var isRequired: Bool { true }
    }

    private mutating func readTotals() throws(JSONReader.Failure) {
        guard try self.reader.beginObject(Key.totals.rawValue) else { return }
        let tunnels = 0...Int64(ReportExpectation.maximumTunnels)
        var seen: Set<TotalsKey> = []
        var totals = Totals()
        while let key = try self.reader.nextKey(&seen) {
            switch key {
            case .online: totals.online = try self.reader.integer(key, in: tunnels)
            case .active: totals.active = try self.reader.integer(key, in: tunnels)
            case .configured: totals.configured = try self.reader.integer(key, in: tunnels)
            case .rxPackets: totals.rxPackets = try self.reader.tally(key)
            case .rxBytes: totals.rxBytes = try self.reader.tally(key)
            case .txPackets: totals.txPackets = try self.reader.tally(key)
            case .txBytes: totals.txBytes = try self.reader.tally(key)
            }
        }
        totals.online = self.atMost(totals.configured, totals.online, TotalsKey.online)
        totals.active = self.atMost(totals.configured, totals.active, TotalsKey.active)
        self.report.totals = totals
    }

    /// A part of those that are configured; nil, and noted, when it is more than the whole.
    private mutating func atMost(_ configured: Int?, _ part: Int?, _ key: TotalsKey) -> Int? {
        guard let configured, let part, part > configured else { return part }
        self.reader.doubts.note("\(key.rawValue) is \(part) of \(configured)")
        return nil
    }

    private typealias Totals = ReceivedReport.Totals

    // MARK: - Kernel

    private enum KernelKey: String, ReportKey {
        case mended, faults

        var isRequired: Bool { true }
    }

    private mutating func readKernel() throws(JSONReader.Failure) {
        guard try self.reader.beginObject(Key.kernel.rawValue) else { return }
        var seen: Set<KernelKey> = []
        var kernel = ReceivedReport.Kernel()
        while let key = try self.reader.nextKey(&seen) {
            switch key {
            case .mended: kernel.mended = try self.readMended()
            case .faults:
                kernel.faults = try self.reader.lines(
                    key,
                    atMost: ReceivedReport.Kernel.mostFaults,
                    upTo: ReceivedReport.Kernel.longestFault
                )
            }
        }
        self.report.kernel = kernel
    }

    private enum MendedKey: String, ReportKey {
        case route, device, mtu, ipv6, address, forwarding

        /// Only those that are not 0 are there.
        var isRequired: Bool { false }
    }

    /// - Returns: The sum of all; nil when one of them can't be.
    private mutating func readMended() throws(JSONReader.Failure) -> Tally? {
        guard try self.reader.beginObject(KernelKey.mended.rawValue) else { return nil }
        var seen: Set<MendedKey> = []
        var tallies: [Tally?] = []
        while let key = try self.reader.nextKey(&seen) { tallies.append(try self.reader.tally(key)) }
        let believed = tallies.compactMap(\.self)
        return believed.count == tallies.count ? believed.sum : nil
    }

    // MARK: - Tunnels

    private mutating func readTunnels() throws(JSONReader.Failure) {
        guard self.reader.json.isAtArray() else {
            let value = try self.reader.json.value()
            return self.reader.doubts.note("tunnels is \(value.words)")
        }
        try self.reader.json.beginArray()
        while try self.reader.json.nextElement() {
            self.rows += 1
            guard self.rows <= ReportExpectation.maximumTunnels, self.reader.json.isAtObject() else {
                _ = try self.reader.json.value()
                self.reader.doubts.noteBadRow()
                continue
            }
            try self.readTunnel()
        }
    }

    private mutating func readTunnel() throws(JSONReader.Failure) {
        var row = ReportRowReader(self.reader.json)
        try row.read()
        self.reader.json = row.json
        guard let number = row.number, self.numbers.insert(number).inserted else {
            return self.reader.doubts.noteBadRow()
        }
        guard self.expectation.tunnels.contains(number) else {
            if row.state != .disabled { self.report.strays.append(number) }
            return self.reader.doubts.note(stray: number)
        }
        self.reader.doubts.note(row.doubts, of: number)
        self.report.tunnels.append(row.tunnel(number))
    }

    // MARK: - Other PoPs

    private enum PeerKey: String, ReportKey {
        case id, ipv4, ipv6

        var isRequired: Bool { true }
    }

    /// PoPs that the centre does not know are passed over: a daemon has those of its last push.
    private mutating func readPeers() throws(JSONReader.Failure) {
        guard self.reader.json.isAtArray() else {
            let value = try self.reader.json.value()
            return self.reader.doubts.note("\(Key.peers.rawValue) is \(value.words)")
        }
        var known: Set<Int> = []
        try self.reader.json.beginArray()
        while try self.reader.json.nextElement() {
            guard self.reader.json.isAtObject() else {
                let value = try self.reader.json.value()
                self.reader.doubts.note("\(Key.peers.rawValue) has \(value.words)")
                continue
            }
            guard let (id, latencies) = try self.readPeer(), self.expectation.peers.contains(id) else {
                continue
            }
            guard known.insert(id).inserted else {
                self.reader.doubts.note("\(Key.peers.rawValue) has PoP \(id) twice")
                continue
            }
            for (isIPv6, latency) in [(false, latencies.ipv4), (true, latencies.ipv6)] {
                guard let path = PeerPath(to: id, isIPv6: isIPv6), let sent = latency.sent,
                    let received = latency.received
                else { continue }
                self.report.peers[path] = PeerProbes.Counts(
                    sent: sent,
                    received: received,
                    roundTrips: latency.roundTrips ?? RoundTrips()
                )
            }
        }
    }

    private typealias Latencies = (ipv4: ReceivedReport.Latency, ipv6: ReceivedReport.Latency)

    /// - Returns: Nil for one whose number cannot be.
    private mutating func readPeer() throws(JSONReader.Failure) -> (id: Int, latencies: Latencies)? {
        var row = ReportReader(json: self.reader.json)
        try row.json.beginObject()
        var seen: Set<PeerKey> = []
        var id: Int?
        var latencies: Latencies = (ReceivedReport.Latency(), ReceivedReport.Latency())
        while let key = try row.nextKey(&seen) {
            switch key {
            case .id: id = try row.integer(key, in: 1...0xffff)
            case .ipv4: latencies.ipv4 = try row.latency(key)
            case .ipv6: latencies.ipv6 = try row.latency(key)
            }
        }
        self.reader.json = row.json
        self.reader.doubts.note(row.doubts, of: id.map { "PoP \($0)" } ?? Key.peers.rawValue)
        return id.map { ($0, latencies) }
    }
}
