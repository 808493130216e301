import Core
import Wire

extension OuterPacket {
    /// Why a packet that the engine sent is not one it may send.
    struct Unsound: Error, Hashable {
        let complaint: String

        init(_ complaint: String) { self.complaint = complaint }
    }

    /// Takes a whole packet that the engine sent apart, checking everything that must hold for each of them.
    ///
    /// - Throws: ``Unsound``, or what Wire's decoders throw.
    init(wholePacket octets: [UInt8]) throws {
        switch octets.first.map({ $0 >> 4 }) {
        case 4: try self.init(ipv4: octets)
        case 6: try self.init(ipv6: octets)
        default: throw Unsound("neither IPv4 nor IPv6 outside")
        }
    }

    private init(ipv4 octets: [UInt8]) throws {
        let packet = try IPv4Packet(octets.span.bytes)
        guard packet.totalLength == octets.count else { throw Unsound("total length") }
        guard packet.hasValidChecksum else { throw Unsound("IPv4 checksum") }
        guard !packet.isFragment else { throw Unsound("a fragment") }
        self.init(
            .sixInFour,
            packet.payload.octets,
            OuterPath(local: .ipv4(packet.source), remote: .ipv4(packet.destination))
        )
        self.trafficClass = packet.trafficClass
        self.hopLimit = packet.timeToLive
        try self.takeApart(packet.protocolNumber)
    }

    private init(ipv6 octets: [UInt8]) throws {
        let packet = try IPv6Packet(octets.span.bytes)
        guard packet.totalLength == octets.count else { throw Unsound("payload length") }
        self.init(
            .sixInFour,
            packet.payload.octets,
            OuterPath(local: .ipv6(packet.source), remote: .ipv6(packet.destination))
        )
        self.trafficClass = packet.trafficClass
        self.hopLimit = packet.hopLimit
        try self.takeApart(packet.nextHeader)
    }

    private mutating func takeApart(_ protocolNumber: UInt8) throws {
        switch protocolNumber {
        case ProtocolNumber.ipv6: self.kind = .sixInFour
        case ProtocolNumber.gre:
            self.kind = .gre
            guard try GREPacket(self.payload.span.bytes).headerLength == 4 else {
                throw Unsound("GRE options")
            }
        case ProtocolNumber.udp: try self.takeUDPApart()
        default: throw Unsound("protocol \(protocolNumber)")
        }
    }

    private mutating func takeUDPApart() throws {
        let octets = self.payload
        let datagram = try UDPDatagram(octets.span.bytes)
        guard datagram.payload.byteCount + UDPDatagram.headerLength == octets.count else {
            throw Unsound("UDP length")
        }
        switch (self.path.local, self.path.remote) {
        case (.ipv6(let source), .ipv6(let destination)):
            guard datagram.hasValidChecksum(source: source, destination: destination) else {
                throw Unsound("UDP checksum over IPv6")
            }
        default:
            guard datagram.checksum == 0 else { throw Unsound("UDP checksum over IPv4 is not 0") }
        }
        self.kind = .ayiya
        self.path.localPort = datagram.sourcePort
        self.path.remotePort = datagram.destinationPort
        self.payload = datagram.payload.octets
    }
}
