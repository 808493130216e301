internal import Core
internal import Wire

/// The heads of packets to process one after the other; behind its head a packet is all zeros.
///
/// There are as many for one tunnel as for 8192, so that reading them costs the same.
final class Traffic {
    /// Where a packet comes from and where it goes.
    enum Route {
        case uplinkToTunnel
        case uplinkToSubnet
        case tunnelToUplink
        case tunnelToTunnel
        case tunnelToPoP
        /// As from tunnel to uplink, but the outer source is another's.
        case spoofed
    }

    /// The outer headers in front of the inner packet.
    enum Outer {
        case none
        case ipv4
        case ayiya
    }

    /// The tunnel that each packet is about.
    let tids: [TID]
    /// What stands in front of the inner packets.
    let outer: Outer
    /// Whether the inner packets come from tunnels.
    let isFromTunnels: Bool
    /// The size of each packet as it is received, in octets.
    let count: Int
    private let heads: UnsafeMutableRawBufferPointer

    /// Makes packets.
    ///
    /// - Parameters:
    ///   - route: Where they come from and go.
    ///   - outer: What stands in front of the inner packets.
    ///   - innerLength: The size of each inner packet, in octets.
    ///   - tunnels: Among how many tunnels they are spread, in an order that no prefetcher guesses.
    ///   - packets: How many.
    ///   - hopLimit: The hop limit of each.
    init(
        _ route: Route,
        _ outer: Outer = .none,
        innerLength: Int,
        tunnels: Int,
        packets: Int = TID.capacity,
        hopLimit: UInt8 = 64
    ) {
        self.tids = Self.shuffled(tunnels: tunnels, packets: packets)
        self.outer = outer
        self.isFromTunnels = route != .uplinkToTunnel && route != .uplinkToSubnet
        self.count = outer.length + innerLength
        self.heads = .allocate(byteCount: packets * Arena.headSize, alignment: 64)
        self.heads.initializeMemory(as: UInt8.self, repeating: 0)
        let packet = UnsafeMutableRawBufferPointer.allocate(byteCount: self.count, alignment: 64)
        defer { packet.deallocate() }
        for (number, tid) in self.tids.enumerated() {
            let peer = self.tids[(number + packets / 2) % packets]
            packet.initializeMemory(as: UInt8.self, repeating: 0)
            Self.write(route, outer, tid, peer: peer, innerLength, hopLimit, into: packet)
            let head = UnsafeRawBufferPointer(rebasing: packet.prefix(Arena.headSize))
            UnsafeMutableRawBufferPointer(rebasing: self.heads[(number * Arena.headSize)...]).copyMemory(
                from: head
            )
        }
    }

    deinit { self.heads.deallocate() }

    /// How many packets there are.
    var packets: Int { self.tids.count }

    /// The head of a packet, ``Arena/headSize`` octets.
    @inline(__always)
    func head(_ number: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(self.heads.baseAddress.unsafelyUnwrapped + number * Arena.headSize)
    }

    /// The head of a packet as a span.
    @inline(__always)
    @_lifetime(borrow self)
    borrowing func bytes(_ number: Int) -> RawSpan {
        let span = UnsafeRawBufferPointer(start: self.head(number), count: Arena.headSize).bytes
        return _overrideLifetime(span, borrowing: self)
    }

    /// Numbers of tunnels, each as often as any other, in a fixed order that looks random.
    private static func shuffled(tunnels: Int, packets: Int) -> [TID] {
        var random = Random(seed: 5072)
        return (0..<packets).map { $0 % tunnels }.shuffled(using: &random)
            .compactMap { TID(rawValue: UInt16($0)) }
    }
}

extension Traffic.Outer {
    /// Octets in front of the inner packet.
    fileprivate var length: Int {
        switch self {
        case .none: 0
        case .ipv4: IPv4Packet.minimumHeaderLength
        case .ayiya: AYIYAPacket.headerLength
        }
    }
}

extension Traffic {
    private static func write(
        _ route: Route,
        _ outer: Outer,
        _ tid: TID,
        peer: TID,
        _ innerLength: Int,
        _ hopLimit: UInt8,
        into packet: UnsafeMutableRawBufferPointer
    ) {
        var bytes = packet.mutableBytes
        let (source, destination) = Self.addresses(route, tid, peer: peer)
        Self.writeInner(
            route,
            from: source,
            to: destination,
            innerLength,
            hopLimit,
            into: &bytes,
            at: outer.length
        )
        switch outer {
        case .none: break
        case .ipv4:
            IPv4Header(
                totalLength: UInt16(outer.length + innerLength),
                timeToLive: 60,
                protocolNumber: ProtocolNumber.ipv6,
                source: route == .spoofed ? Fleet.strangerIPv4 : Fleet.userIPv4(tid),
                destination: Fleet.popIPv4
            ).encode(into: &bytes, at: 0)
        case .ayiya:
            AYIYAHeader(
                opcode: .forward,
                nextHeader: ProtocolNumber.ipv6,
                epochTime: UInt32(truncatingIfNeeded: Fleet.now.unixTime),
                identity: Fleet.remoteAddress(tid)
            ).encode(
                into: &bytes,
                at: 0,
                payloadLength: innerLength,
                signedWith: AYIYASecret(password: Fleet.password(tid))
            )
        }
    }

    private static func writeInner(
        _ route: Route,
        from source: IPv6Address,
        to destination: IPv6Address,
        _ length: Int,
        _ hopLimit: UInt8,
        into bytes: inout MutableRawSpan,
        at offset: Int
    ) {
        let payloadLength = length - IPv6Packet.headerLength
        let isEcho = route == .tunnelToPoP
        IPv6Header(
            payloadLength: UInt16(payloadLength),
            nextHeader: isEcho ? ProtocolNumber.icmpv6 : ProtocolNumber.udp,
            hopLimit: hopLimit,
            source: source,
            destination: destination
        ).encode(into: &bytes, at: offset)
        guard isEcho else { return }
        ICMPv6Message.encodeHeader(
            into: &bytes,
            at: offset + IPv6Packet.headerLength,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: 0x1234_0001,
            bodyLength: payloadLength - ICMPv6Message.headerLength,
            addresses: (source, destination)
        )
    }

    private static func addresses(
        _ route: Route,
        _ tid: TID,
        peer: TID
    ) -> (source: IPv6Address, destination: IPv6Address) {
        switch route {
        case .uplinkToTunnel: (Fleet.internetHost, Fleet.remoteAddress(tid))
        case .uplinkToSubnet: (Fleet.internetHost, Fleet.subnet(Int(tid.rawValue) % Fleet.subnetsPerPrefix))
        case .tunnelToUplink, .spoofed: (Fleet.remoteAddress(tid), Fleet.internetHost)
        case .tunnelToTunnel: (Fleet.remoteAddress(tid), Fleet.remoteAddress(peer))
        case .tunnelToPoP: (Fleet.remoteAddress(tid), Fleet.localAddress(tid))
        }
    }
}
