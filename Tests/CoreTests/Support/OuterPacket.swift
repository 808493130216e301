import Core
import Wire

/// What the engine is given from the underlay, or what it sent there, without its outer IP header.
struct OuterPacket: Sendable {
    var path: OuterPath
    var trafficClass: UInt8 = 0
    var kind: OuterPayload
    /// What stands behind the outer header, UDP's included.
    var payload: [UInt8]
    /// TTL or hop limit of a packet that was read.
    var hopLimit: UInt8 = 64

    init(_ kind: OuterPayload, _ payload: [UInt8], _ path: OuterPath) {
        self.kind = kind
        self.payload = payload
        self.path = path
    }

    private static func path(from remote: IPAddress, _ ports: (local: UInt16, remote: UInt16)) -> OuterPath {
        let local =
            switch remote {
            case .ipv4: Plan.popIPv4
            case .ipv6: Plan.popIPv6
            }
        return OuterPath(local: local, remote: remote, localPort: ports.local, remotePort: ports.remote)
    }

    /// An IPv6 packet straight inside an outer one.
    static func sixInFour(_ inner: [UInt8], from remote: IPAddress) -> OuterPacket {
        OuterPacket(.sixInFour, inner, Self.path(from: remote, (0, 0)))
    }

    /// An IPv6 packet inside GRE, with the options that some octets hold.
    static func gre(
        _ inner: [UInt8],
        from remote: IPAddress,
        flags: UInt16 = 0,
        protocolType: UInt16 = 0x86dd,
        options: [UInt8] = []
    ) -> OuterPacket {
        let header = [UInt8](repeating: 0, count: 4).with(word: flags, at: 0).with(word: protocolType, at: 2)
        return OuterPacket(.gre, header + options + inner, Self.path(from: remote, (0, 0)))
    }

    /// A datagram on AYIYA's port that says whatever it says.
    static func ayiyaPort(_ datagram: [UInt8], from remote: IPAddress, port: UInt16 = 40000) -> OuterPacket {
        OuterPacket(.ayiya, datagram, Self.path(from: remote, (AYIYAPacket.port, port)))
    }

    /// A signed AYIYA datagram.
    static func ayiya(
        _ opcode: AYIYAOpcode,
        _ payload: [UInt8] = [],
        nextHeader: UInt8? = nil,
        tid: UInt16 = Plan.Tunnel.ayiya,
        identity: IPv6Address? = nil,
        time: Int64 = Plan.startTime,
        password: String = Plan.ayiyaPassword,
        from remote: IPAddress = Plan.home,
        port: UInt16 = 40000
    ) -> OuterPacket {
        let none = payload.isEmpty ? ProtocolNumber.noNextHeader : ProtocolNumber.ipv6
        let header = AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader ?? none,
            epochTime: UInt32(truncatingIfNeeded: time),
            identity: identity ?? Plan.them(tid)
        )
        let datagram = written(AYIYAPacket.headerLength, before: payload) {
            header.encode(
                into: &$0,
                at: 0,
                payloadLength: payload.count,
                signedWith: AYIYASecret(password: password)
            )
        }
        return Self.ayiyaPort(datagram, from: remote, port: port)
    }

    /// A datagram on the heartbeat port that says whatever it says.
    static func heartbeatPort(_ datagram: [UInt8], from remote: IPAddress) -> OuterPacket {
        OuterPacket(.heartbeat, datagram, Self.path(from: remote, (HeartbeatMessage.port, 50000)))
    }

    /// A signed heartbeat.
    static func heartbeat(
        tid: UInt16 = Plan.Tunnel.heartbeat,
        sender: HeartbeatMessage.Sender = .source,
        time: Int64 = Plan.startTime,
        password: String = Plan.heartbeatPassword,
        from remote: IPAddress = Plan.home
    ) -> OuterPacket {
        let datagram = HeartbeatMessage.encode(
            identity: Plan.them(tid),
            sender: sender,
            epochTime: UInt64(clamping: time),
            password: TunnelPassword(password)
        )
        return Self.heartbeatPort(datagram, from: remote)
    }

    /// The same with another DSCP and ECN outside.
    func marked(_ trafficClass: UInt8) -> OuterPacket {
        var copy = self
        copy.trafficClass = trafficClass
        return copy
    }

    /// The same with octets of padding behind the payload.
    func padded(_ count: Int) -> OuterPacket {
        var copy = self
        copy.payload += [UInt8](repeating: 0xaa, count: count)
        return copy
    }

    /// The packet that travels inside.
    var inner: [UInt8] {
        switch self.kind {
        case .sixInFour: self.payload
        case .gre: self.payload.from(GREPacket.headerLength)
        case .ayiya: self.payload.from(AYIYAPacket.headerLength)
        case .heartbeat, .icmpv4, .icmpv6: []
        }
    }
}
