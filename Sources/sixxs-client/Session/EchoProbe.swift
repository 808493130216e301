import Wire

/// ICMPv6 echo requests from this end of the tunnel to the PoP's, to know whether the tunnel works.
struct EchoProbe: Sendable {
    /// IPv6 header, ICMPv6 header, and a number that tells our requests from other people's.
    static let packetLength = IPv6Packet.headerLength + ICMPv6Message.headerLength + 8

    /// How many requests may wait for their answer.
    private static let memory = 8

    private let source: IPv6Address
    private let destination: IPv6Address
    private let identifier: UInt16
    private let magic: UInt64
    private var sequence: UInt16 = 0
    private var waiting: [(sequence: UInt16, sentAt: Duration)] = []

    /// Creates a prober.
    ///
    /// - Parameters:
    ///   - source: This end of the tunnel.
    ///   - destination: The PoP's end.
    ///   - identifier: Goes into the identifier field of all requests.
    ///   - magic: Goes into the body of all requests; unguessable, so that nobody else can answer.
    init(from source: IPv6Address, to destination: IPv6Address, identifier: UInt16, magic: UInt64) {
        self.source = source
        self.destination = destination
        self.identifier = identifier
        self.magic = magic
    }

    /// Writes the next request; traps when it doesn't fit in the buffer.
    mutating func encodeRequest(into buffer: inout MutableRawSpan, at offset: Int, now: Duration) {
        self.sequence &+= 1
        self.waiting.append((self.sequence, now))
        if self.waiting.count > Self.memory { self.waiting.removeFirst() }
        IPv6Header(
            payloadLength: UInt16(Self.packetLength - IPv6Packet.headerLength),
            nextHeader: ProtocolNumber.icmpv6,
            hopLimit: 64,
            source: self.source,
            destination: self.destination
        ).encode(into: &buffer, at: offset)
        let message = offset + IPv6Packet.headerLength
        buffer.storeBigEndian(self.magic, at: message + ICMPv6Message.headerLength)
        ICMPv6Message.encodeHeader(
            into: &buffer,
            at: message,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: UInt32(self.identifier) << 16 | UInt32(self.sequence),
            bodyLength: 8,
            addresses: (self.source, self.destination)
        )
    }

    /// The round-trip time if the packet answers a request that waits; each request is answered once.
    mutating func takeAnswer(_ packet: borrowing IPv6Packet, now: Duration) -> Duration? {
        guard packet.totalLength == Self.packetLength, packet.nextHeader == ProtocolNumber.icmpv6,
            packet.source == self.destination, packet.destination == self.source,
            let message = try? ICMPv6Message(
                packet.payload,
                source: packet.source,
                destination: packet.destination
            ),
            message.type == ICMPv6Message.MessageType.echoReply,
            message.parameter >> 16 == UInt32(self.identifier),
            message.body.bigEndian(at: 0, as: UInt64.self) == self.magic
        else { return nil }
        let sequence = UInt16(truncatingIfNeeded: message.parameter)
        guard let index = self.waiting.firstIndex(where: { $0.sequence == sequence }) else { return nil }
        return now - self.waiting.remove(at: index).sentAt
    }
}
