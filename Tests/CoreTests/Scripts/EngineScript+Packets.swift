import Core
import Wire

extension EngineScript {
    /// Octets as they come.
    func anyOctets() -> [UInt8] { self.reader.octets(self.reader.number(under: 200)) }

    /// A way in from the underlay, from anywhere.
    func anyDoor() -> Door {
        let payloads: [OuterPayload] = [.sixInFour, .gre, .ayiya, .heartbeat, .icmpv4, .icmpv6]
        let payload = self.reader.element(of: payloads)
        return .underlay(payload, self.header(from: self.reader.element(of: ScriptWorld.remotes)))
    }

    private func header(from remote: IPAddress) -> OuterHeader {
        let local: IPAddress =
            switch remote {
            case .ipv4: .ipv4(ScriptWorld.popIPv4)
            case .ipv6: .ipv6(ScriptWorld.popIPv6)
            }
        let path = OuterPath(local: local, remote: remote, localPort: 5072, remotePort: 40000)
        return OuterHeader(path: path, trafficClass: self.reader.octet())
    }

    /// A whole outer IPv4 packet with any payload, or with an inner packet.
    func rawIPv4() -> [UInt8] {
        let protocols: [UInt8] = [1, 41, 47, 41, 17]
        let payload = self.reader.octet() & 1 == 0 ? self.anyOctets() : self.innerPacket(of: self.anyTunnel())
        let header = IPv4Header(
            trafficClass: self.reader.octet(),
            totalLength: UInt16(clamping: 20 + payload.count + Int(self.reader.octet() & 3) - 1),
            timeToLive: 64,
            protocolNumber: self.reader.element(of: protocols),
            source: IPv4Address(0xcb00_7100 | UInt32(self.reader.octet() & 3)),
            destination: ScriptWorld.popIPv4
        )
        return Self.written(20, before: payload) { header.encode(into: &$0, at: 0) }
    }

    private func anyTunnel() -> TID { self.reader.element(of: ScriptWorld.tids) }

    // MARK: - Inner packets

    /// An inner packet from a tunnel's own address, or from and to anywhere.
    func innerPacket(of tid: TID?) -> [UInt8] {
        var source = self.reader.element(of: ScriptWorld.inner)
        if let tid, self.reader.octet() & 3 != 0 { source = self.engine.plan.remoteAddress(of: tid) }
        let destination = self.reader.element(of: ScriptWorld.inner)
        let nextHeader = self.reader.element(of: [58, 58, 17, 6, 59, 0, 43, 44, 60, 50, 51, 253] as [UInt8])
        let sizes = [0, 8, 24, 1000, 1232, 1240, 1241, 1388, 1440, 1441, 1460]
        let body = self.reader.octets(self.reader.number(under: 64))
        let payload = body + [UInt8](repeating: 0, count: max(0, self.reader.element(of: sizes) - body.count))
        let content =
            nextHeader == 58 ? self.message(payload, from: source, to: destination) : payload
        let header = IPv6Header(
            trafficClass: self.reader.octet(),
            payloadLength: UInt16(
                clamping: content.count + [0, 0, 0, 0, 0, 0, 1, -1][self.reader.number(under: 8)]
            ),
            nextHeader: nextHeader,
            hopLimit: self.reader.element(of: [255, 64, 2, 1, 0] as [UInt8]),
            source: source,
            destination: destination
        )
        return Self.written(40, before: content) { header.encode(into: &$0, at: 0) }
    }

    /// An ICMPv6 message with a right checksum; a solicitation asks for any address.
    private func message(_ body: [UInt8], from source: IPv6Address, to destination: IPv6Address) -> [UInt8] {
        let type = self.reader.element(of: [128, 129, 135, 136, 1, 2, 3, 4, 133, 137, 200] as [UInt8])
        var content = body
        if type == 135 {
            let target = self.reader.element(of: ScriptWorld.inner)
            content = Self.written(16, before: body) { $0.store(target, at: 0) }
        }
        let parameter = UInt32(self.reader.octet())
        return Self.written(8, before: content) {
            ICMPv6Message.encodeHeader(
                into: &$0,
                at: 0,
                type: type,
                code: 0,
                parameter: parameter,
                bodyLength: content.count,
                addresses: (source, destination)
            )
        }
    }

    static func written(
        _ count: Int,
        before payload: [UInt8],
        by write: (inout MutableRawSpan) -> Void
    ) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count) + payload
        var span = octets.mutableSpan
        var buffer = span.mutableBytes
        write(&buffer)
        return octets
    }

    // MARK: - Through tunnels

    /// An inner packet through a tunnel in any of its ways, mostly from its true end.
    func giveThroughTunnel() throws(BrokenPromise) {
        let tid = self.anyTunnel()
        try self.give(self.innerPacket(of: tid), of: tid)
    }

    private func give(_ inner: [UInt8], of tid: TID) throws(BrokenPromise) {
        let path = self.engine.snapshot(of: tid, at: self.now).path
        var header = self.header(from: self.reader.element(of: ScriptWorld.remotes))
        if let path, self.reader.octet() & 7 != 0 { header.path = path }
        switch self.reader.number(under: 4) {
        case 0, 1: try self.give(inner, through: .underlay(.sixInFour, header))
        case 2: try self.give([0, 0, 0x86, 0xdd] + inner, through: .underlay(.gre, header))
        default:
            let opcode = self.reader.element(of: [AYIYAOpcode.forward, .echoRequestAndForward, .echoRequest])
            let datagram = self.ayiya(opcode, inner, nextHeader: 41, of: tid)
            try self.give(datagram, through: .underlay(.ayiya, header))
        }
    }

    private func ayiya(_ opcode: AYIYAOpcode, _ payload: [UInt8], nextHeader: UInt8, of tid: TID) -> [UInt8] {
        let header = AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: self.timeOfSender()),
            identity: self.engine.plan.remoteAddress(of: tid)
        )
        let secret = AYIYASecret(password: self.reader.octet() & 15 == 0 ? "wrong" : ScriptWorld.password)
        return Self.written(44, before: payload) {
            header.encode(into: &$0, at: 0, payloadLength: payload.count, signedWith: secret)
        }
    }

    private func timeOfSender() -> Int64 {
        self.now.unixTime + self.reader.element(of: [0, 0, 0, 1, -1, 60, -60, 120, -120, 121, -121])
    }

    /// A heartbeat, or an AYIYA packet that asks for nothing.
    func beat() throws(BrokenPromise) {
        let tid = self.anyTunnel()
        let header = self.header(from: self.reader.element(of: ScriptWorld.remotes))
        if self.reader.octet() & 1 == 0 {
            let datagram = self.ayiya(.noOperation, [], nextHeader: 59, of: tid)
            return try self.give(datagram, through: .underlay(.ayiya, header))
        }
        let message = HeartbeatMessage.encode(
            identity: self.engine.plan.remoteAddress(of: tid),
            sender: .source,
            epochTime: UInt64(clamping: self.timeOfSender()),
            password: TunnelPassword(ScriptWorld.password)
        )
        try self.give(message, through: .underlay(.heartbeat, header))
    }

    // MARK: - What comes back

    /// A router's error about the last packet that went to the underlay.
    func quote() throws(BrokenPromise) {
        guard let last = self.last else { return }
        let quoted = Array(last.octets.prefix(self.reader.element(of: [0, 20, 28, 40, 48, 68, 120, 1232])))
        let mtu = self.reader.element(of: [0, 67, 68, 576, 1000, 1279, 1280, 1300, 1400, 1480] as [UInt32])
        if last.octets[0] >> 4 == 4 {
            let message = Self.written(8, before: quoted) {
                ICMPv4Message.encodeHeader(
                    into: &$0,
                    at: 0,
                    type: 3,
                    code: 4,
                    parameter: mtu,
                    bodyLength: quoted.count
                )
            }
            return try self.give(
                message,
                through: .underlay(.icmpv4, self.header(from: ScriptWorld.remotes[1]))
            )
        }
        let header = self.header(from: ScriptWorld.remotes[3])
        let message = Self.written(8, before: quoted) {
            ICMPv6Message.encodeHeader(
                into: &$0,
                at: 0,
                type: 2,
                code: 0,
                parameter: mtu,
                bodyLength: quoted.count,
                addresses: (header.path.remote.mapped, header.path.local.mapped)
            )
        }
        try self.give(message, through: .underlay(.icmpv6, header))
    }

    /// The answer of a tunnel's far end to the last latency probe.
    func answerProbe() throws(BrokenPromise) {
        guard let probe = self.probe else { return }
        let snapshot = self.engine.snapshot(of: probe.tunnel, at: self.now)
        guard let remote = snapshot.path?.remote else { return }
        let front = snapshot.encapsulation.overhead(toward: remote) + 48
        let body = Array(probe.octets.dropFirst(front))
        let ends = (
            self.engine.plan.remoteAddress(of: probe.tunnel), self.engine.plan.localAddress(of: probe.tunnel)
        )
        let message = Self.written(8, before: body) {
            ICMPv6Message.encodeHeader(
                into: &$0,
                at: 0,
                type: 129,
                code: 0,
                parameter: 1,
                bodyLength: body.count,
                addresses: ends
            )
        }
        let header = IPv6Header(
            payloadLength: UInt16(clamping: message.count),
            nextHeader: 58,
            hopLimit: 64,
            source: ends.0,
            destination: ends.1
        )
        try self.give(Self.written(40, before: message) { header.encode(into: &$0, at: 0) }, of: probe.tunnel)
    }
}
