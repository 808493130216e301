internal import Wire

extension Encapsulation {
    /// What the outer IP header says that follows it.
    var protocolNumber: UInt8 {
        switch self {
        case .sixInFour: ProtocolNumber.ipv6
        case .gre: ProtocolNumber.gre
        case .ayiya: ProtocolNumber.udp
        }
    }

    /// What follows an outer IP header by its protocol's number; nil for what is no tunnel's.
    init?(protocolNumber: UInt8) {
        switch protocolNumber {
        case ProtocolNumber.ipv6: self = .sixInFour
        case ProtocolNumber.gre: self = .gre
        case ProtocolNumber.udp: self = .ayiya
        default: return nil
        }
    }
}

extension Encapsulation {
    /// Whether packets are signed.
    var isSigned: Bool { self == .ayiya }
}

extension Encapsulation {
    /// Length of the outer headers, UDP's included, in octets.
    @inline(__always)
    func outerHeaderLength(toward remote: IPAddress) -> Int {
        let udp = self.protocolNumber == ProtocolNumber.udp ? UDPDatagram.headerLength : 0
        return switch remote {
        case .ipv4: IPv4Packet.minimumHeaderLength + udp
        case .ipv6: IPv6Packet.headerLength + udp
        }
    }
}
