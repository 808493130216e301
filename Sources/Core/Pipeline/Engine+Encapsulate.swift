internal import Wire

extension Engine {
    /// TTL and hop limit of outer packets (RFC 4213 §3.3).
    public static let outerHopLimit: UInt8 = 64

    /// Puts the outer headers of a tunnel in front of an inner packet.
    ///
    /// - Parameters:
    ///   - buffer: The inner packet; afterwards the outer one, or its first fragment.
    ///   - spare: Takes the second fragment.
    ///   - tid: The tunnel, which is up.
    ///   - origin: Whose packet it is.
    ///   - now: The time.
    /// - Returns: Where the buffers go.
    mutating func encapsulate(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        into tid: TID,
        _ origin: Output.Origin,
        _ now: Timestamp
    ) -> Output {
        guard let path = self.forwarder.tunnels[tid].session.path else {
            return self.dropUnsendable(buffer, tid, origin, now)
        }
        self.forwarder.tunnels[tid].traffic.egress.count(buffer.count, at: now)
        let trafficClass = buffer.innerTrafficClass
        let encapsulation = self.forwarder.tunnels[tid].session.encapsulation
        var isUnsigned = false
        switch encapsulation {
        case .sixInFour: break
        case .gre:
            buffer.prepend(GREPacket.headerLength)
            GREPacket.encodeHeader(into: &buffer.bytes, at: buffer.range.lowerBound)
        case .ayiya:
            isUnsigned = self.defersSignature(of: buffer, into: tid, along: path)
            let signing = isUnsigned ? Signing.later : .now
            self.prependAYIYA(to: &buffer, .forward, ProtocolNumber.ipv6, from: tid, signing, now)
            buffer.prependUDP(along: path)
        }
        self.prependIP(to: &buffer, along: path, encapsulation.protocolNumber, trafficClass, tid, now)
        self.note(.encapsulated(encapsulation, path, octets: buffer.count), about: tid)
        let destination = Output.Transmission.underlay(path.remote, tunnel: tid, origin)
        guard let limit = self.forwarder.tunnels[tid].session.pathMTU?.octets, buffer.count > Int(limit),
            self.fragment(&buffer, spare: &spare, to: Int(limit))
        else {
            var output = Output(packet: destination)
            output.awaitsSignature = isUnsigned
            return output
        }
        self.note(.fragmented(limit: Int(limit)), about: tid)
        return Output(packet: destination, spare: .underlay(path.remote, tunnel: tid, .own))
    }

    /// Gives a packet up that a tunnel can't take although it is up: our own address isn't configured.
    private mutating func dropUnsendable(
        _ buffer: borrowing PacketBuffer,
        _ tid: TID,
        _ origin: Output.Origin,
        _ now: Timestamp
    ) -> Output {
        self.noteSendError(buffer.packet, tunnel: tid, toward: .ipv6(.unspecified), origin, at: now)
        return Output()
    }

    /// Puts an AYIYA header in front of a payload.
    mutating func prependAYIYA(
        to buffer: inout PacketBuffer,
        _ opcode: AYIYAOpcode,
        _ nextHeader: UInt8,
        from tid: TID,
        _ signing: Signing,
        _ now: Timestamp
    ) {
        // A tunnel in AYIYA's mode has a secret: a configuration without one ends the session.
        guard let secret = self.forwarder.tunnels[tid].signingSecret else { return }
        let payloadLength = buffer.count
        buffer.prepend(AYIYAPacket.headerLength)
        let header = AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: now.unixTime),
            identity: self.plan.localAddress(of: tid)
        )
        if signing == .later {
            header.encodeUnsigned(into: &buffer.bytes, at: buffer.range.lowerBound)
            return
        }
        header.encode(
            into: &buffer.bytes,
            at: buffer.range.lowerBound,
            payloadLength: payloadLength,
            signedWith: secret
        )
    }

    /// Puts the outer IP header in front of a packet that has all other headers.
    mutating func prependIP(
        to buffer: inout PacketBuffer,
        along path: OuterPath,
        _ protocolNumber: UInt8,
        _ trafficClass: UInt8,
        _ tid: TID,
        _ now: Timestamp
    ) {
        let payloadLength = buffer.count
        self.refreshMarks(of: tid, now)
        switch (path.local, path.remote) {
        case (.ipv4(let local), .ipv4(let remote)):
            let length = IPv4Packet.minimumHeaderLength + payloadLength
            buffer.prepend(IPv4Packet.minimumHeaderLength)
            IPv4Header(
                trafficClass: trafficClass,
                totalLength: UInt16(clamping: length),
                fragmentation: self.fragmentation(ofLength: length, into: tid),
                timeToLive: Self.outerHopLimit,
                protocolNumber: protocolNumber,
                source: local,
                destination: remote
            ).encode(into: &buffer.bytes, at: buffer.range.lowerBound)
        case (let local, let remote):
            buffer.prepend(IPv6Packet.headerLength)
            IPv6Header(
                trafficClass: trafficClass,
                flowLabel: self.forwarder.tunnels[tid].marks.flowLabel,
                payloadLength: UInt16(clamping: payloadLength),
                nextHeader: protocolNumber,
                hopLimit: Self.outerHopLimit,
                source: local.mapped,
                destination: remote.mapped
            ).encode(into: &buffer.bytes, at: buffer.range.lowerBound)
        }
    }

    /// Whether an outer IPv4 packet may be fragmented (RFC 4213 §3.2); each that may gets another identification
    /// (RFC 6864 §4.1).
    private mutating func fragmentation(ofLength length: Int, into tid: TID) -> IPv4Header.Fragmentation {
        let fits =
            self.forwarder.tunnels[tid].session.pathMTU.map { length <= Int($0.octets) && !$0.isNarrower }
            ?? true
        if self.configuration.pathMTU == .dynamic, fits {
            return .atomic(identification: self.forwarder.tunnels[tid].marks.identification)
        }
        return .allowed(identification: UInt16(truncatingIfNeeded: self.nextIdentification()))
    }

    mutating func nextIdentification() -> UInt32 {
        // Those of the other engines lie in between.
        self.identification &+= UInt32(truncatingIfNeeded: self.index.count)
        return self.identification
    }
}

extension Encapsulation {
    /// What the outer IP header says that follows it.
    var protocolNumber: UInt8 {
        switch self {
        case .sixInFour: ProtocolNumber.ipv6
        case .gre: ProtocolNumber.gre
        case .ayiya: ProtocolNumber.udp
        }
    }
}

extension PacketBuffer {
    /// DSCP and ECN of the IPv6 packet in the buffer, which the outer header copies (RFC 2983, RFC 6040).
    var innerTrafficClass: UInt8 {
        let word: UInt16 = self.packet.bigEndian(at: 0)
        return UInt8(truncatingIfNeeded: word >> 4)
    }

    /// Puts a UDP header in front of a payload: checksum 0 over IPv4, computed over IPv6.
    @_lifetime(self: copy self)
    mutating func prependUDP(along path: OuterPath) {
        let payloadLength = self.count
        self.prepend(UDPDatagram.headerLength)
        let offset = self.range.lowerBound
        let ports = (source: path.localPort, destination: path.remotePort)
        switch (path.local, path.remote) {
        case (.ipv4, .ipv4):
            UDPHeader.encodeWithoutChecksum(
                into: &self.bytes,
                at: offset,
                payloadLength: payloadLength,
                ports: ports
            )
        case (let local, let remote):
            UDPHeader.encode(
                into: &self.bytes,
                at: offset,
                payloadLength: payloadLength,
                ports: ports,
                addresses: (local.mapped, remote.mapped)
            )
        }
    }
}
