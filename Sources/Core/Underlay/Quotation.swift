internal import Wire

/// One of our outer packets, as far as an ICMP error quotes it.
struct Quotation {
    /// What shows that an outer packet is one of ours.
    enum Mark {
        case identification(UInt16)
        case flowLabel(UInt32)

        /// Whether the kernel may have written it, in front of datagrams that were sent as one message.
        var isKernels: Bool {
            switch self {
            case .identification(let identification): PathEvidence.isKernels(identification)
            case .flowLabel(let label): label == 0
            }
        }
    }

    var path: OuterPath
    var encapsulation: Encapsulation
    /// Size of the whole packet, in octets, as its header says.
    var length: Int
    /// What it carried that only who saw it can know; nil where routers might fragment it.
    var mark: Mark?
    /// Destination of the inner packet, when that much is quoted.
    var innerDestination: IPv6Address?
    /// What stands where a packet that tries a path has its nonce, when that much is quoted.
    var nonce: UInt64?

    /// Reads what an ICMPv4 error quotes; nil when it is no packet that a tunnel could have sent.
    init?(ipv4 body: RawSpan) {
        guard let packet = try? IPv4Packet(quoted: body) else { return nil }
        self.init(
            from: .ipv4(packet.source),
            to: .ipv4(packet.destination),
            protocolNumber: packet.protocolNumber,
            payload: packet.payload,
            length: packet.totalLength,
            mark: packet.dontFragment ? .identification(packet.identification) : nil
        )
    }

    /// Reads what an ICMPv6 error quotes; nil when it is no packet that a tunnel could have sent.
    init?(ipv6 body: RawSpan) {
        // The quotation may be cut: only the fixed header must be there.
        guard body.byteCount >= IPv6Packet.headerLength else { return nil }
        self.init(
            from: .ipv6(body.ipv6Address(at: IPv6Header.Offset.source)),
            to: .ipv6(body.ipv6Address(at: IPv6Header.Offset.destination)),
            protocolNumber: body.bigEndian(at: IPv6Header.Offset.nextHeader),
            payload: body.extracting(droppingFirst: IPv6Packet.headerLength),
            length: IPv6Packet.headerLength
                + Int(body.bigEndian(at: IPv6Header.Offset.payloadLength, as: UInt16.self)),
            mark: .flowLabel(body.bigEndian(at: 0, as: UInt32.self) & 0xf_ffff)
        )
    }

    private init?(
        from local: IPAddress,
        to remote: IPAddress,
        protocolNumber: UInt8,
        payload: RawSpan,
        length: Int,
        mark: Mark?
    ) {
        var path = OuterPath(local: local, remote: remote)
        if protocolNumber == ProtocolNumber.udp {
            guard let ports = UDPDatagram.quotedPorts(payload) else { return nil }
            (path.localPort, path.remotePort) = ports
        }
        guard let encapsulation = Encapsulation(protocolNumber: protocolNumber) else { return nil }
        let destinationOffset = encapsulation.headerLength + IPv6Header.Offset.destination
        let isQuoted = payload.byteCount >= destinationOffset + 16
        self.path = path
        self.encapsulation = encapsulation
        self.length = length
        self.mark = mark
        self.innerDestination = isQuoted ? payload.ipv6Address(at: destinationOffset) : nil
        self.nonce = Self.nonce(in: payload, behind: encapsulation.headerLength)
    }

    /// What stands where a packet that tries a path has its nonce, if it is an echo request and that much is quoted.
    private static func nonce(in payload: RawSpan, behind headerLength: Int) -> UInt64? {
        let offset = headerLength + PathEvidence.nonceOffset
        guard payload.byteCount >= offset + 8,
            payload.bigEndian(at: headerLength + IPv6Header.Offset.nextHeader, as: UInt8.self)
                == ProtocolNumber.icmpv6,
            payload.bigEndian(at: headerLength + IPv6Packet.headerLength, as: UInt8.self)
                == ICMPv6Message.MessageType.echoRequest
        else { return nil }
        return payload.bigEndian(at: offset)
    }
}

extension PathEvidence {
    /// Octets behind the outer headers in front of the nonce of a packet that tries a path.
    static let nonceOffset = IPv6Packet.headerLength + ICMPv6Message.headerLength

    /// Whether a mark is the one that a tunnel's packets carried.
    func accepts(_ mark: Quotation.Mark, of tid: TID, in slot: Slot) -> Bool {
        switch mark {
        case .identification(let identification): identification == self.identification(of: tid, in: slot)
        case .flowLabel(let label): label == self.flowLabel(of: tid)
        }
    }

    /// How many segments the kernel cuts of one packet at most, whose identifications it counts up from the first one's.
    private static let mostSegments: UInt16 = 64

    /// Whether a mark may be that of a segment that the kernel cut of a packet that a tunnel sent.
    func mayBeSegment(_ mark: Quotation.Mark, of tid: TID, in slot: Slot) -> Bool {
        guard case .identification(let identification) = mark else { return false }
        return identification &- self.identification(of: tid, in: slot) < Self.mostSegments
    }
}
