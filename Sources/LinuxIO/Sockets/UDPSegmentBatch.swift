/// Which datagrams that follow each other the kernel takes as one message (UDP_SEGMENT): those of one length, and a shorter
/// one at the end.
public struct UDPSegmentBatch: Hashable, Sendable {
    /// The kernel takes no more segments a message than this (`UDP_MAX_SEGMENTS` of its first version).
    private static let mostDatagrams = 64

    /// A little less than what the length fields of UDP and IP allow.
    private static let mostOctets = 65_000

    /// Length of each but the last, in octets.
    public let segmentSize: Int

    /// How many there are.
    public private(set) var count = 1

    private var octets: Int
    private var isClosed = false

    /// Begins a batch with a datagram of a length, in octets.
    public init(length: Int) {
        self.segmentSize = length
        self.octets = length
    }

    /// Takes the next datagram into the batch if it may be part of it.
    ///
    /// - Parameter length: Of its payload, in octets.
    /// - Returns: Whether it was taken.
    public mutating func takes(length: Int) -> Bool {
        guard !self.isClosed, length > 0, length <= self.segmentSize, self.count < Self.mostDatagrams,
            self.octets + length <= Self.mostOctets
        else { return false }
        self.isClosed = length < self.segmentSize
        self.count += 1
        self.octets += length
        return true
    }
}
