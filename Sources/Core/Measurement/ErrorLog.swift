public import Wire

/// The last packet that caused an error of one kind.
public struct ErrorSample: Hashable, Sendable {
    /// How many octets of a packet are kept.
    public static let capacity = 128

    /// How often the error occurred since start or since the errors were reset.
    public let count: UInt64

    /// When it occurred last, in seconds since 1970.
    public let lastTime: Int64

    /// Where the packet came from.
    public let source: IPAddress

    /// The packet's first octets, at most 128.
    public let octets: [UInt8]

    /// The packet's real size, in octets.
    public let length: Int
}

/// Counts the errors of each tunnel and of the PoP itself, and keeps a sample of each kind.
///
/// Memory for the samples of all tunnels is reserved at start but only touched by the kinds that occur.
@safe
struct ErrorLog: ~Copyable {
    private struct Entry {
        var lastTime: Int64
        var source: IPAddress
        var octets: InlineArray<128, UInt8>
        var length: Int
    }

    private static let kinds = ErrorKind.allCases.count
    private static let capacity = (TID.capacity + 1) * kinds

    private let counts: UnsafeMutablePointer<UInt64>
    /// An entry is initialised when its count is not 0; all its fields are trivial.
    private let entries: UnsafeMutablePointer<Entry>

    init() {
        unsafe self.counts = .allocate(capacity: Self.capacity)
        unsafe self.counts.initialize(repeating: 0, count: Self.capacity)
        unsafe self.entries = .allocate(capacity: Self.capacity)
    }

    deinit {
        unsafe self.counts.deallocate()
        unsafe self.entries.deallocate()
    }

    /// Where a kind of a tunnel, or of the PoP itself, is kept; always in the reserved memory.
    private static func index(_ kind: ErrorKind, of tid: TID?) -> Int {
        let row = tid.map { Int($0.rawValue) } ?? TID.capacity
        return row &* Self.kinds &+ Int(kind.rawValue)
    }

    /// Counts an error and keeps the beginning of the packet that caused it.
    ///
    /// - Parameters:
    ///   - kind: What went wrong.
    ///   - tid: The tunnel it belongs to; nil for the PoP itself.
    ///   - packet: What caused it.
    ///   - source: Where it came from.
    ///   - now: The time.
    mutating func record(
        _ kind: ErrorKind,
        of tid: TID?,
        packet: RawSpan,
        source: IPAddress,
        at now: Timestamp
    ) {
        let index = Self.index(kind, of: tid)
        var octets = InlineArray<128, UInt8>(repeating: 0)
        for position in 0..<min(packet.byteCount, ErrorSample.capacity) {
            octets[position] = packet.bigEndian(at: position)
        }
        unsafe self.counts[index] &+= 1
        let entry = Entry(lastTime: now.unixTime, source: source, octets: octets, length: packet.byteCount)
        unsafe (self.entries + index).initialize(to: entry)
    }

    /// How often an error occurred.
    func count(_ kind: ErrorKind, of tid: TID?) -> UInt64 {
        unsafe self.counts[Self.index(kind, of: tid)]
    }

    /// The errors that occurred.
    ///
    /// Allocates: not for the data path.
    func counts(of tid: TID?) -> [(kind: ErrorKind, count: UInt64)] {
        ErrorKind.allCases.compactMap { kind in
            let count = self.count(kind, of: tid)
            return count == 0 ? nil : (kind, count)
        }
    }

    /// The last packet that caused an error; nil when it never occurred.
    ///
    /// Allocates: not for the data path.
    func sample(_ kind: ErrorKind, of tid: TID?) -> ErrorSample? {
        let index = Self.index(kind, of: tid)
        let count = unsafe self.counts[index]
        guard count > 0 else { return nil }
        let entry = unsafe self.entries[index]
        let kept = min(entry.length, ErrorSample.capacity)
        return ErrorSample(
            count: count,
            lastTime: entry.lastTime,
            source: entry.source,
            octets: (0..<kept).map { entry.octets[$0] },
            length: entry.length
        )
    }

    /// Forgets the errors of a tunnel or of the PoP itself.
    mutating func reset(_ tid: TID?) {
        for kind in ErrorKind.allCases { unsafe self.counts[Self.index(kind, of: tid)] = 0 }
    }
}
