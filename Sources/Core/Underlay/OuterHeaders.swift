internal import Wire

/// What the outer headers of a packet of ours say: protocols hand over a payload, and this is what it travels under.
///
/// The one place where outer IP and UDP headers are written.
struct OuterHeaders {
    /// TTL and hop limit of outer packets (RFC 4213 §3.3).
    static let hopLimit: UInt8 = 64

    /// Identification of outer packets that can't be fragmented and belong to no tunnel; those of tunnels have one of their own.
    ///
    /// Where there is none, the kernel draws a random one for each, which is a tenth of what sending costs. All values are
    /// as good (RFC 6864 §4.1).
    static let anyIdentification: UInt16 = 1

    /// The ends, with ports where there is UDP.
    var path: OuterPath
    /// What follows the IP header.
    var protocolNumber: UInt8
    /// DSCP and ECN.
    var trafficClass: UInt8 = 0
    /// Whether routers may fragment it, over IPv4.
    var fragmentation = IPv4Header.Fragmentation.atomic(identification: Self.anyIdentification)
    /// Over IPv6.
    var flowLabel: UInt32 = 0
}

extension PacketBuffer {
    /// Puts the outer IP header in front of a packet that has all other headers.
    @_lifetime(self: copy self)
    mutating func prepend(_ headers: OuterHeaders) {
        let payloadLength = self.count
        switch (headers.path.local, headers.path.remote) {
        case (.ipv4(let local), .ipv4(let remote)):
            self.prepend(IPv4Packet.minimumHeaderLength)
            IPv4Header(
                trafficClass: headers.trafficClass,
                totalLength: UInt16(clamping: IPv4Packet.minimumHeaderLength + payloadLength),
                fragmentation: headers.fragmentation,
                timeToLive: OuterHeaders.hopLimit,
                protocolNumber: headers.protocolNumber,
                source: local,
                destination: remote
            ).encode(into: &self.bytes, at: self.range.lowerBound)
        case (let local, let remote):
            self.prepend(IPv6Packet.headerLength)
            IPv6Header(
                trafficClass: headers.trafficClass,
                flowLabel: headers.flowLabel,
                payloadLength: UInt16(clamping: payloadLength),
                nextHeader: headers.protocolNumber,
                hopLimit: OuterHeaders.hopLimit,
                source: local.mapped,
                destination: remote.mapped
            ).encode(into: &self.bytes, at: self.range.lowerBound)
        }
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
