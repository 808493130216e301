public import Wire

/// Takes AYIYA apart: a header of 44 octets, signed with a secret of both ends, in front of the inner packet
/// (draft-massar-v6ops-ayiya-02).
public enum AYIYADecapsulator {
    /// What is known of a datagram once it was verified.
    struct Datagram {
        var opcode: AYIYAOpcode
        var nextHeader: UInt8
        /// When it was signed, in seconds since 1970.
        var time: Int64
        var signer: AYIYAPeerState.Signer
        /// Length of what it carries, in octets; ``AYIYADecapsulator/innerLength(of:)`` tells.
        var innerLength = 0
    }

    /// Length of what stands in front of the inner packet, in octets.
    public static var headerLength: Int { AYIYAPacket.headerLength }

    /// Who a datagram says signed it; nil for what is none.
    @inline(__always)
    public static func identity(in datagram: RawSpan) -> IPv6Address? {
        guard let packet = try? AYIYAPacket(datagram) else { return nil }
        return packet.identity
    }

    /// How many seconds the sender's clock is ahead.
    ///
    /// The difference modulo 2^32, so that the clock's overflow in 2106 is no event.
    public static func clockDifference(of packet: borrowing AYIYAPacket, at unixTime: Int64) -> Int64 {
        Int64(Int32(truncatingIfNeeded: Int64(packet.epochTime) - unixTime))
    }

    /// Checks what only a peer can have sent, at the PoP's end: the clock first, which costs least.
    ///
    /// - Parameters:
    ///   - packet: The datagram.
    ///   - peer: The peer that it names.
    ///   - expected: What the peer's present secret signs it with, when that was worked out beforehand.
    ///   - unixTime: The time, in seconds since 1970.
    /// - Returns: What is known of it.
    /// - Throws: Why it is refused.
    @inline(__always)
    static func verify(
        _ packet: borrowing AYIYAPacket,
        from peer: AYIYAPeerState,
        expecting expected: SHA1Digest?,
        at unixTime: Int64
    ) throws(DropReason) -> Datagram {
        let difference = Self.clockDifference(of: packet, at: unixTime)
        guard ClockSkew.allows(difference) else { throw .clockSkew }
        guard let signer = peer.signer(of: packet, expecting: expected, at: unixTime) else {
            throw .ayiyaHashMismatch
        }
        return Datagram(
            opcode: packet.opcode,
            nextHeader: packet.nextHeader,
            time: unixTime + difference,
            signer: signer
        )
    }

    /// Why a datagram is refused at the user's end, or nil: the signature first, so that only the PoP can tell that the clocks
    /// differ.
    ///
    /// - Parameters:
    ///   - packet: The datagram.
    ///   - peer: The PoP.
    ///   - expected: What it must be signed with, when that was worked out beforehand.
    ///   - unixTime: The time, in seconds since 1970.
    /// - Returns: The reason.
    public static func rejectionAtUser(
        of packet: borrowing AYIYAPacket,
        from peer: AYIYAPeerState,
        expecting expected: SHA1Digest?,
        at unixTime: Int64
    ) -> DropReason? {
        guard peer.signer(of: packet, expecting: expected, at: unixTime) != nil else {
            return .ayiyaHashMismatch
        }
        return ClockSkew.allows(Self.clockDifference(of: packet, at: unixTime)) ? nil : .clockSkew
    }

    /// Checks the payload, whose version and length must be what the header says.
    ///
    /// - Parameter packet: The datagram.
    /// - Returns: Length of the inner packet, in octets; what stands behind it is padding.
    /// - Throws: Why the payload is refused.
    @inline(__always)
    static func innerLength(of packet: borrowing AYIYAPacket) throws(DropReason) -> Int {
        let length: Int
        switch packet.nextHeader {
        case ProtocolNumber.ipv6: length = try SixInFourDecapsulator.decapsulate(packet.payload).totalLength
        case ProtocolNumber.ipv4: length = try Self.ipv4Length(of: packet.payload)
        default: length = packet.payload.byteCount
        }
        guard Self.forwardsNothingButIPv6(packet) else { throw .invalidAYIYAForward }
        return length
    }

    private static func ipv4Length(of payload: RawSpan) throws(DropReason) -> Int {
        do { return try IPv4Packet(payload).totalLength } catch {
            if case .unsupportedVersion = error { throw .nonIPv4Payload }
            throw .malformedPacket
        }
    }

    /// Only IPv6 is routed here.
    private static func forwardsNothingButIPv6(_ packet: borrowing AYIYAPacket) -> Bool {
        switch packet.opcode {
        case .forward, .echoRequestAndForward: packet.nextHeader == ProtocolNumber.ipv6
        case .noOperation, .echoRequest, .echoResponse: true
        }
    }
}

extension SHA1Digest {
    /// Whether a datagram has this signature, which was worked out beforehand; traps when it has fewer octets than a header.
    @inline(__always)
    func signsDatagram(_ datagram: RawSpan) -> Bool { AYIYAPacket.hasSignature(self, in: datagram) }
}
