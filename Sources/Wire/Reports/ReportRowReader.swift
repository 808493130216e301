/// Reads a tunnel's row; which tunnel it is may stand anywhere in it.
struct ReportRowReader {
    private var reader: ReportReader
    private(set) var number: TunnelNumber?

    /// Everything but the number.
    private var row: ReceivedReport.Tunnel

    init(_ json: JSONReader) {
        self.reader = ReportReader(json: json)
        self.row = ReceivedReport.Tunnel(number: .unread)
    }

    var json: JSONReader { self.reader.json }
    var doubts: ReportDoubts { self.reader.doubts }
    var state: ReceivedReport.State? { self.row.state }

    func tunnel(_ number: TunnelNumber) -> ReceivedReport.Tunnel {
        var row = self.row
        row.number = number
        return row
    }

    private enum Key: String, ReportKey {
        case tunnel, tid, state, type, endpoint, mtu, inPackets, inBytes, outPackets, outBytes, lastIn,
            lastOut, lastBeat
        case latency, errors

        var isRequired: Bool {
            switch self {
            case .endpoint, .lastIn, .lastOut, .lastBeat: false
            default: true
            }
        }
    }

    mutating func read() throws(JSONReader.Failure) {
        guard try self.reader.beginObject("row") else { return }
        var seen: Set<Key> = []
        while let key = try self.reader.nextKey(&seen) { try self.read(key) }
    }

    private mutating func read(_ key: Key) throws(JSONReader.Failure) {
        let times = 0...ReportReader.century * 2
        switch key {
        case .tunnel: self.number = try self.reader.text(key) { try? TunnelNumber(parsing: $0) }
        case .tid: self.row.tid = try self.reader.text(key) { try? TID(parsing: $0) }
        case .state: self.row.state = try self.reader.text(key) { ReceivedReport.State(rawValue: $0) }
        case .type: self.row.type = try self.reader.text(key, convert: ReportWord.type)
        case .endpoint:
            self.row.endpoint = try self.reader.text(key, orNull: true, convert: ReportWord.endpoint)
        case .mtu: self.row.mtu = try self.reader.integer(key, in: 0...0xffff)
        case .inPackets: self.row.inPackets = try self.reader.tally(key)
        case .inBytes: self.row.inBytes = try self.reader.tally(key)
        case .outPackets: self.row.outPackets = try self.reader.tally(key)
        case .outBytes: self.row.outBytes = try self.reader.tally(key)
        case .lastIn: self.row.lastIn = try self.reader.optionalInteger(key, in: times)
        case .lastOut: self.row.lastOut = try self.reader.optionalInteger(key, in: times)
        case .lastBeat: self.row.lastBeat = try self.reader.optionalInteger(key, in: times)
        case .latency: self.row.latency = try self.reader.latency(key)
        case .errors: try self.readErrors()
        }
    }

    /// Only kinds that are known are kept, of which there are few.
    private mutating func readErrors() throws(JSONReader.Failure) {
        guard try self.reader.beginObject(Key.errors.rawValue) else { return }
        while let name = try self.reader.json.nextKey() {
            guard let kind = PoPReport.errorKinds.first(where: { $0 == name }) else {
                _ = try self.reader.json.value()
                continue
            }
            let count = try self.reader.tally(ErrorName(rawValue: kind))
            if let count { self.row.errors[kind] = count }
        }
    }

    /// A kind's name in quotes.
    private struct ErrorName: RawRepresentable {
        let rawValue: String
    }
}

extension TunnelNumber {
    /// Stands in a row until its own was read.
    fileprivate static let unread = TunnelNumber()

    private init() { self.rawValue = 1 }
}
