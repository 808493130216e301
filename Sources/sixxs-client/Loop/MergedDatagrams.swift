/// The datagrams that the kernel put together into one message (UDP_GRO): all of one length, the last possibly shorter.
struct MergedDatagrams: Sequence, IteratorProtocol, Sendable {
    private let length: Int
    private let segmentSize: Int
    private var start = 0
    private var isDone = false

    /// Takes a message apart.
    ///
    /// - Parameters:
    ///   - length: Of the message, in octets.
    ///   - segmentSize: Of each datagram but the last, in octets; nil for a single one, which may be empty.
    init(length: Int, segmentSize: Int?) {
        self.length = length
        self.segmentSize = segmentSize.map { $0 > 0 ? $0 : length } ?? length
    }

    /// Where the next datagram lies in the message, in octets.
    mutating func next() -> Range<Int>? {
        guard !self.isDone else { return nil }
        let end = Swift.min(self.start + self.segmentSize, self.length)
        defer { self.start = end }
        self.isDone = end == self.length
        return self.start..<end
    }
}
