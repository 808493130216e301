internal import Wire

extension Engine {
    /// TTL and hop limit of outer packets (RFC 4213 §3.3).
    static let outerHopLimit: UInt8 = 64

    /// Puts the outer headers of a tunnel in front of a packet.
    mutating func encapsulate(_ buffer: inout PacketBuffer, into tid: TID, _ now: Moment) -> Output {
        guard let path = self.tunnels[tid].path else { return Output() }
        self.tunnels[tid].traffic.egress.count(buffer.count, at: now)
        let trafficClass = buffer.innerTrafficClass
        let encapsulation = self.tunnels[tid].encapsulation
        switch encapsulation {
        case .sixInFour: break
        case .gre:
            buffer.prepend(GREPacket.headerLength)
            GREPacket.encodeHeader(into: &buffer.bytes, at: buffer.range.lowerBound)
        case .ayiya:
            let secret = self.tunnels[tid].secret ?? AYIYASecret(password: "")
            self.prependAYIYA(to: &buffer, .forward, ProtocolNumber.ipv6, from: tid, secret, now)
            buffer.prependUDP(along: path)
        }
        self.prependIP(to: &buffer, along: path, encapsulation.protocolNumber, trafficClass)
        return Output(packet: .outside(path.remote, tunnel: tid))
    }

    /// Puts a signed AYIYA header in front of a payload.
    mutating func prependAYIYA(
        to buffer: inout PacketBuffer,
        _ opcode: AYIYAOpcode,
        _ nextHeader: UInt8,
        from tid: TID,
        _ secret: AYIYASecret,
        _ now: Moment
    ) {
        let payloadLength = buffer.count
        buffer.prepend(AYIYAPacket.headerLength)
        let header = AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: now.unixTime),
            identity: self.plan.localAddress(of: tid)
        )
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
        _ trafficClass: UInt8
    ) {
        let payloadLength = buffer.count
        switch (path.local, path.remote) {
        case (.ipv4(let local), .ipv4(let remote)):
            buffer.prepend(IPv4Packet.minimumHeaderLength)
            IPv4Header(
                trafficClass: trafficClass,
                totalLength: UInt16(clamping: IPv4Packet.minimumHeaderLength + payloadLength),
                fragmentation: self.nextFragmentation(),
                timeToLive: Self.outerHopLimit,
                protocolNumber: protocolNumber,
                source: local,
                destination: remote
            ).encode(into: &buffer.bytes, at: buffer.range.lowerBound)
        case (let local, let remote):
            buffer.prepend(IPv6Packet.headerLength)
            IPv6Header(
                trafficClass: trafficClass,
                payloadLength: UInt16(clamping: payloadLength),
                nextHeader: protocolNumber,
                hopLimit: Self.outerHopLimit,
                source: local.mapped,
                destination: remote.mapped
            ).encode(into: &buffer.bytes, at: buffer.range.lowerBound)
        }
    }

    /// Whether an outer IPv4 packet may be fragmented; each that may gets another identification (RFC 6864).
    private mutating func nextFragmentation() -> IPv4Header.Fragmentation {
        switch self.configuration.pathMTU {
        case .dynamic: return .forbidden
        case .static:
            self.identification &+= 1
            return .allowed(identification: self.identification)
        }
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
