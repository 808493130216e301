import LinuxIO
import Wire

/// The sockets toward the PoP, all from one local address.
final class Uplink {
    /// Which socket a descriptor belongs to.
    enum Channel: Sendable {
        /// AYIYA datagrams, or heartbeats.
        case udp
        /// Packets of protocol 41.
        case raw
    }

    private let udp: UDPSocket?
    private let raw: RawSocket?
    private var trafficClass: UInt8 = 0

    /// The outer address that packets leave from.
    let localAddress: IPAddress

    private init(udp: consuming UDPSocket?, raw: consuming RawSocket?, from localAddress: IPAddress) {
        self.udp = udp
        self.raw = raw
        self.localAddress = localAddress
    }

    /// Opens the sockets that an encapsulation needs.
    ///
    /// - Parameters:
    ///   - encapsulation: How the tunnel reaches the PoP.
    ///   - pop: The PoP's outer address.
    ///   - local: The address to send from, or nil for the one that the route suggests.
    /// - Returns: The sockets.
    /// - Throws: ``SystemCallError`` when there is no way to the PoP or the process may not.
    static func open(
        _ encapsulation: Encapsulation,
        to pop: IPv4Address,
        from local: IPAddress?
    ) throws(SystemCallError) -> Uplink {
        switch encapsulation {
        case .ayiya:
            let udp = try UDPSocket(connectedTo: Endpoint(.ipv4(pop), port: AYIYAPacket.port), from: local)
            let source = try udp.localEndpoint().address
            return Uplink(udp: udp, raw: nil, from: source)
        case .heartbeat:
            let udp = try UDPSocket(
                connectedTo: Endpoint(.ipv4(pop), port: HeartbeatMessage.port),
                from: local
            )
            let source = try udp.localEndpoint().address
            let raw = try RawSocket(
                protocolNumber: ProtocolNumber.ipv6,
                connectedTo: .ipv4(pop),
                from: source
            )
            return Uplink(udp: udp, raw: raw, from: source)
        case .sixInFour:
            let raw = try RawSocket(protocolNumber: ProtocolNumber.ipv6, connectedTo: .ipv4(pop), from: local)
            let source = try raw.localAddress()
            return Uplink(udp: nil, raw: raw, from: source)
        }
    }

    /// The address that the kernel would choose at this moment to reach the PoP, or nil without a route.
    static func preferredAddress(toward pop: IPv4Address) -> IPAddress? {
        guard let socket = try? UDPSocket(connectedTo: Endpoint(.ipv4(pop), port: AYIYAPacket.port)) else {
            return nil
        }
        return try? socket.localEndpoint().address
    }

    /// The descriptor of one of the sockets, or nil when this tunnel doesn't need it.
    func fileDescriptor(of channel: Channel) -> CInt? {
        switch channel {
        case .udp:
            switch self.udp {
            case .some(let socket): socket.fileDescriptor
            case .none: nil
            }
        case .raw:
            switch self.raw {
            case .some(let socket): socket.fileDescriptor
            case .none: nil
            }
        }
    }

    /// Sends a beat to the PoP's beat port.
    ///
    /// - Throws: ``SystemCallError``, for instance when the network can't be reached.
    func sendBeat(_ octets: RawSpan) throws(SystemCallError) {
        switch self.udp {
        case .some(let socket): try socket.send(octets)
        case .none: break
        }
    }

    /// Sends an encapsulated packet.
    ///
    /// - Parameters:
    ///   - octets: What follows the IPv4 or the UDP header.
    ///   - trafficClass: Of the outer header.
    /// - Throws: ``SystemCallError``, for instance when the network can't be reached.
    func send(_ octets: RawSpan, trafficClass: UInt8) throws(SystemCallError) {
        let isNew = trafficClass != self.trafficClass
        self.trafficClass = trafficClass
        switch self.raw {
        case .some(let socket):
            if isNew { try socket.setTrafficClass(trafficClass) }
            try socket.send(octets)
        case .none:
            try self.sendDatagram(octets, newTrafficClass: isNew ? trafficClass : nil)
        }
    }

    private func sendDatagram(_ octets: RawSpan, newTrafficClass: UInt8?) throws(SystemCallError) {
        switch self.udp {
        case .some(let socket):
            if let newTrafficClass { try socket.setTrafficClass(newTrafficClass) }
            try socket.send(octets)
        case .none:
            break
        }
    }
}
