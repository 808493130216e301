/// How a tunnel's packets travel.
public enum Encapsulation: UInt8, Hashable, Sendable, CaseIterable {
    /// IPv6 straight inside IPv4 (RFC 4213) or IPv6 (RFC 2473), protocol 41.
    case sixInFour
    /// GRE version 0 (RFC 2784, RFC 7676), protocol 47.
    case gre
    /// AYIYA over UDP (draft-massar-v6ops-ayiya-02).
    case ayiya

    /// Octets between the outer IP header and the inner packet.
    @inlinable
    public var headerLength: Int {
        switch self {
        case .sixInFour: 0
        case .gre: GREPacket.headerLength
        case .ayiya: UDPDatagram.headerLength + AYIYAPacket.headerLength
        }
    }

    /// Octets in front of the inner packet, the outer IP header included.
    ///
    /// - Parameter remote: An address of the outer family.
    /// - Returns: 20 through 92.
    @inlinable
    public func overhead(toward remote: IPAddress) -> Int {
        switch remote {
        case .ipv4: IPv4Packet.minimumHeaderLength + self.headerLength
        case .ipv6: IPv6Packet.headerLength + self.headerLength
        }
    }
}
