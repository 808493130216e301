internal import Wire

/// The outer headers of a datagram, for who can send several that have them alike as one message and have the kernel write
/// them.
public struct OuterDatagram: Hashable, Sendable {
    /// The ends.
    public let path: OuterPath
    /// DSCP and ECN.
    public let trafficClass: UInt8
    /// The flow label over IPv6.
    public let flowLabel: UInt32

    /// No datagram's.
    static let none = OuterDatagram(
        path: OuterPath(local: .ipv6(.unspecified), remote: .ipv6(.unspecified)),
        trafficClass: 0,
        flowLabel: 0
    )

    init(path: OuterPath, trafficClass: UInt8, flowLabel: UInt32) {
        self.path = path
        self.trafficClass = trafficClass
        self.flowLabel = flowLabel
    }

    /// Octets in front of the payload.
    public var headerLength: Int { Encapsulation.ayiya.outerHeaderLength(toward: self.path.remote) }
}

extension OuterHeaders {
    /// What the kernel must be told to write the same; nil where it can't: what is no datagram, or may be fragmented.
    @inline(__always)
    var datagram: OuterDatagram? {
        guard self.protocolNumber == ProtocolNumber.udp else { return nil }
        if case .ipv4 = self.path.remote {
            guard case .atomic = self.fragmentation else { return nil }
            return OuterDatagram(path: self.path, trafficClass: self.trafficClass, flowLabel: 0)
        }
        return OuterDatagram(path: self.path, trafficClass: self.trafficClass, flowLabel: self.flowLabel)
    }
}
