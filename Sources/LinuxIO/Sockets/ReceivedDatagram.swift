public import Wire

/// What the kernel says about one datagram of a ``ReceiveBatch``.
public struct ReceivedDatagram: Hashable, Sendable {
    /// How many octets of it were received.
    public let length: Int

    /// Whether it was longer than the room for it and lost its end.
    public let isTruncated: Bool

    /// Where it came from; an IPv4-mapped address is unmapped.
    public let source: IPAddress

    /// The port it came from, in host order; 0 from a raw socket.
    public let sourcePort: UInt16

    /// The address of this host that it was sent to, or nil when the socket does not tell.
    public let localAddress: IPAddress?

    /// Whether it was sent to a broadcast or multicast address, for which over IPv4 ``localAddress`` stands.
    public let wasSentToGroup: Bool

    /// Index of the interface that it came in on, or nil when the socket does not tell.
    public let interfaceIndex: UInt32?

    /// DSCP and ECN of the outer header; 0 when the socket does not tell.
    public let trafficClass: UInt8

    /// Length of each but the last of the datagrams that the kernel put together into this one, in octets; nil when it is
    /// a single one.
    public let segmentSize: Int?

    /// TTL or hop limit of the outer header, or nil when the socket does not tell.
    public let hopLimit: UInt8?
}
