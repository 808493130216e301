internal import Wire

// ICMPv6 messages of our own.
extension PacketBuffer {
    /// Hop limit of ICMPv6 messages of our own.
    private static let icmpHopLimit: UInt8 = 64

    /// Turns the packet in the buffer into an ICMPv6 error about it, which quotes as much as fits in 1280 octets
    /// (RFC 4443 §2.4(c)).
    @_lifetime(self: copy self)
    mutating func makeICMPv6Error(_ error: ICMPv6Error, from source: IPv6Address, to destination: IPv6Address)
    {
        self.truncate(to: IPv6Packet.minimumMTU - IPv6Packet.headerLength - ICMPv6Message.headerLength)
        let quoted = self.count
        self.prepend(ICMPv6Message.headerLength)
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: error.type,
            code: error.code,
            parameter: error.parameter,
            bodyLength: quoted,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Turns an echo request into its reply: the same message, of type 129, without extension headers.
    @_lifetime(self: copy self)
    mutating func makeEchoReply(messageOffset: Int, from source: IPv6Address, to destination: IPv6Address) {
        self.removeFirst(messageOffset)
        let header: (identifier: UInt32, bodyLength: Int) = (
            self.packet.bigEndian(at: 4), self.count - ICMPv6Message.headerLength
        )
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.echoReply,
            code: 0,
            parameter: header.identifier,
            bodyLength: header.bodyLength,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Writes the headers of an ICMPv6 echo request whose message is in the buffer, its header blank.
    @_lifetime(self: copy self)
    mutating func makeEchoRequest(
        identifier: UInt16,
        _ sequence: UInt16,
        from source: IPv6Address,
        to destination: IPv6Address
    ) {
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: UInt32(identifier) << 16 | UInt32(sequence),
            bodyLength: self.count - ICMPv6Message.headerLength,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Makes a neighbour advertisement: router, solicited, no link-layer address (RFC 4861 §4.4, RFC 4213 §3.8).
    @_lifetime(self: copy self)
    mutating func makeNeighbourAdvertisement(of target: IPv6Address, to destination: IPv6Address) {
        guard self.reset(to: ICMPv6Message.headerLength + 16) else { return }
        self.bytes.store(target, at: self.range.lowerBound + ICMPv6Message.headerLength)
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.neighbourAdvertisement,
            code: 0,
            parameter: 0xc000_0000,
            bodyLength: 16,
            addresses: (target, destination)
        )
        self.prependICMPv6Header(from: target, to: destination, hopLimit: 255)
    }

    /// Puts an IPv6 header in front of an ICMPv6 message.
    @_lifetime(self: copy self)
    private mutating func prependICMPv6Header(
        from source: IPv6Address,
        to destination: IPv6Address,
        hopLimit: UInt8
    ) {
        let payloadLength = self.count
        self.prepend(IPv6Packet.headerLength)
        IPv6Header(
            payloadLength: UInt16(clamping: payloadLength),
            nextHeader: ProtocolNumber.icmpv6,
            hopLimit: hopLimit,
            source: source,
            destination: destination
        ).encode(into: &self.bytes, at: self.range.lowerBound)
    }
}
