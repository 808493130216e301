import Core
import LinuxIO
import Wire

/// The sockets toward the PoP, all from one local address.
final class PoPSocket {
    /// Which socket a descriptor belongs to.
    enum Channel: Sendable {
        /// AYIYA datagrams, or heartbeats.
        case udp
        /// Packets of protocol 41.
        case raw
    }

    /// What a batch must know to go this way.
    struct Path: Hashable, Sendable {
        /// The outer address that packets leave from.
        var local: IPAddress
        /// The PoP's outer address.
        var remote: IPAddress
        /// The PoP's port, in host order; 0 without ports.
        var port: UInt16
        /// Whether many datagrams can leave as one message.
        var takesSegments: Bool
    }

    private let udp: UDPSocket?
    private let raw: RawSocket?
    private var trafficClass: UInt8 = 0

    /// Which way encapsulated packets go.
    let path: Path

    private init(udp: consuming UDPSocket?, raw: consuming RawSocket?, _ path: Path) {
        self.udp = udp
        self.raw = raw
        self.path = path
    }

    /// Opens the sockets that an encapsulation needs.
    ///
    /// - Parameters:
    ///   - encapsulation: How the tunnel reaches the PoP.
    ///   - pop: The PoP's outer address.
    ///   - local: The address to send from, or nil for the one that the route suggests.
    ///   - offloads: Whether the kernel may hand over and take many datagrams as one.
    /// - Returns: The sockets.
    /// - Throws: ``SystemCallError`` when there is no way to the PoP or the process may not.
    static func open(
        _ encapsulation: TunnelProtocol,
        to pop: IPAddress,
        from local: IPAddress?,
        _ offloads: Offloads
    ) throws(SystemCallError) -> PoPSocket {
        switch encapsulation {
        case .ayiya:
            let udp = try UDPSocket(
                connectedTo: Endpoint(pop, port: OuterPayload.ayiya.localPort),
                from: local
            )
            if offloads == .auto { udp.receiveSegments() }
            let path = Path(
                local: try udp.localEndpoint().address,
                remote: pop,
                port: OuterPayload.ayiya.localPort,
                takesSegments: offloads == .auto && udp.canSendSegments
            )
            return PoPSocket(udp: udp, raw: nil, path)
        case .heartbeat:
            let udp = try UDPSocket(
                connectedTo: Endpoint(pop, port: OuterPayload.heartbeat.localPort),
                from: local
            )
            let source = try udp.localEndpoint().address
            let raw = try RawSocket(
                protocolNumber: ProtocolNumber.ipv6,
                connectedTo: pop,
                from: source
            )
            let path = Path(local: source, remote: pop, port: 0, takesSegments: false)
            return PoPSocket(udp: udp, raw: raw, path)
        case .sixInFour:
            let raw = try RawSocket(protocolNumber: ProtocolNumber.ipv6, connectedTo: pop, from: local)
            let path = Path(local: try raw.localAddress(), remote: pop, port: 0, takesSegments: false)
            return PoPSocket(udp: nil, raw: raw, path)
        }
    }

    /// The address that the kernel would choose at this moment to reach the PoP, or nil without a route.
    ///
    /// - Parameters:
    ///   - pop: The PoP's outer address.
    ///   - local: The address that it must be, if there is no choice.
    /// - Returns: The address.
    static func preferredAddress(toward pop: IPAddress, from local: IPAddress? = nil) -> IPAddress? {
        let there = Endpoint(pop, port: OuterPayload.ayiya.localPort)
        guard let socket = try? UDPSocket(connectedTo: there, from: local) else { return nil }
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

    /// Sends a datagram to the PoP, to whose beat port the UDP socket is connected.
    ///
    /// - Throws: ``SystemCallError``, for instance when the network can't be reached.
    func sendDatagram(_ octets: RawSpan) throws(SystemCallError) {
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
        try self.setTrafficClass(trafficClass)
        switch self.raw {
        case .some(let socket): try socket.send(octets)
        case .none: try self.sendDatagram(octets)
        }
    }

    /// Sends the encapsulated packets of a batch, all of the traffic class that was set last.
    func flush(_ batch: TransmitBatch) -> TransmitBatch.Outcome {
        let descriptor = self.fileDescriptor(of: .raw) ?? self.fileDescriptor(of: .udp) ?? -1
        return batch.flush(on: descriptor, segmentsOn: descriptor)
    }

    /// Sets DSCP and ECN of the outer header of packets that are sent from now on.
    ///
    /// - Throws: ``SystemCallError``, which only a closed socket brings about.
    func setTrafficClass(_ trafficClass: UInt8) throws(SystemCallError) {
        guard trafficClass != self.trafficClass else { return }
        self.trafficClass = trafficClass
        switch self.raw {
        case .some(let socket): try socket.setTrafficClass(trafficClass)
        case .none: try self.setTrafficClassOfDatagrams(trafficClass)
        }
    }

    private func setTrafficClassOfDatagrams(_ trafficClass: UInt8) throws(SystemCallError) {
        switch self.udp {
        case .some(let socket): try socket.setTrafficClass(trafficClass)
        case .none: break
        }
    }
}
