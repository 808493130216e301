internal import Wire

// ICMPv4 messages of our own, which travel as outer packets.
extension PacketBuffer {
    /// The most octets of an ICMPv4 error, its IPv4 header included (RFC 1812 §4.3.2.3).
    private static let icmpv4ErrorLength = 576

    /// Turns the IPv4 packet in the buffer into an ICMPv4 protocol unreachable (3/2) about it (RFC 792).
    @_lifetime(self: copy self)
    mutating func makeProtocolUnreachable(from source: IPAddress, to destination: IPAddress) {
        self.truncate(
            to: Self.icmpv4ErrorLength - IPv4Packet.minimumHeaderLength - ICMPv4Message.headerLength
        )
        let quoted = self.count
        self.prepend(ICMPv4Message.headerLength)
        ICMPv4Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: 3,
            code: 2,
            bodyLength: quoted
        )
        self.prependICMPv4Header(from: source, to: destination)
    }

    /// Writes the headers of an ICMPv4 echo request whose message is in the buffer, its header blank.
    @_lifetime(self: copy self)
    mutating func makeEchoRequest(
        identifier: UInt16,
        _ sequence: UInt16,
        from source: IPv4Address,
        to destination: IPv4Address
    ) {
        ICMPv4Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: 8,
            code: 0,
            parameter: UInt32(identifier) << 16 | UInt32(sequence),
            bodyLength: self.count - ICMPv4Message.headerLength
        )
        self.prependICMPv4Header(from: .ipv4(source), to: .ipv4(destination))
    }

    @_lifetime(self: copy self)
    private mutating func prependICMPv4Header(from source: IPAddress, to destination: IPAddress) {
        self.prepend(
            OuterHeaders(
                path: OuterPath(local: source, remote: destination),
                protocolNumber: ProtocolNumber.icmpv4
            )
        )
    }
}
