public import Wire

/// The states of all tunnels at one moment, to explain packets with elsewhere.
public struct EngineState: Sendable {
    fileprivate let tunnels: [(row: TunnelState, entry: ForwardingEntry)]

    /// Copies the states of all of an engine's tunnels.
    ///
    /// Allocates.
    public init(of engine: inout Engine) {
        engine.tables.catchUp()
        var tunnels: [(TunnelState, ForwardingEntry)] = []
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number) else { continue }
            tunnels.append((engine.tables.forwarding.tunnels[tid], engine.tables.forwarding.entries[tid]))
        }
        self.tunnels = tunnels
    }
}

/// An engine on its own, on which the fate of packets is tried out: it decides as the real one does, and
/// nothing of it reaches anybody.
public struct Explainer: ~Copyable {
    /// Where a packet comes from.
    public enum Origin: Hashable, Sendable {
        /// The native side.
        case uplink
        /// The user's end of this tunnel, sent as the tunnel's packets are.
        case tunnel(TID)
        /// An outer address, as a bare 6in4 packet.
        case underlay(IPAddress)
        /// Where its own headers say: the packet is as it was on the wire.
        case wire
    }

    /// The longest packet that can be tried out, in octets.
    public static let maximumLength = 65_535

    private var engine: Engine

    /// Creates an engine with a configuration, and with the state that the real one's tunnels have.
    ///
    /// - Parameters:
    ///   - configuration: What is in force.
    ///   - state: The state of the tunnels; nil when no daemon runs.
    ///   - now: The time.
    public init(_ configuration: EngineConfiguration, state: EngineState?, at now: Timestamp) {
        self.engine = Engine(configuration, seed: 1, at: now)
        if let state { self.adopt(state) }
        self.openDecisionLog()
    }

    /// Tries a packet out.
    ///
    /// - Parameters:
    ///   - octets: The packet.
    ///   - origin: Where it comes from.
    ///   - now: The time.
    /// - Returns: Every decision in order; empty when the daemon would never see such a packet.
    public mutating func explain(
        _ octets: [UInt8],
        from origin: Origin,
        at now: Timestamp
    ) -> [DecisionLogEntry] {
        guard octets.count <= Self.maximumLength else { return [] }
        let start = PacketBuffer.headroom
        var slot = [UInt8](repeating: 0, count: start) + octets
        var spareSlot = [UInt8](repeating: 0, count: start + Self.maximumLength)
        var span = slot.mutableSpan
        var spareSpan = spareSlot.mutableSpan
        var buffer = unsafe PacketBuffer(span.mutableBytes, range: start..<start + octets.count)
        var spare = unsafe PacketBuffer(spareSpan.mutableBytes, range: start..<start)
        self.take(&buffer, spare: &spare, from: origin, now)
        return self.engine.takeDecisions().entries
    }

    /// What of a tunnel is special, so that each of its packets is decided on; that decisions are written down here apart.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - now: The time.
    /// - Returns: It; nil for nothing.
    public mutating func obstacle(of tid: TID, at now: Timestamp) -> PlainTunnel.Obstacle? {
        self.engine.tables.forwarding.entries[tid].isTraced = false
        defer { self.engine.tables.forwarding.entries[tid].isTraced = true }
        return self.engine.snapshot(of: tid, at: now).obstacle
    }
}

extension Explainer {
    /// Takes over the states of another engine's tunnels that were up or had a session.
    private mutating func adopt(_ state: EngineState) {
        for (number, tunnel) in state.tunnels.enumerated() where tunnel.entry.condition != .none {
            guard let tid = TID(rawValue: UInt16(clamping: number)),
                self.engine.tables.forwarding.entries[tid].condition != .none
            else { continue }
            self.engine.tables.changeSession(of: tid) { session in
                session = tunnel.row.session
                return true
            }
            self.engine.tables.forwarding.tunnels[tid] = tunnel.row
            self.engine.tables.forwarding.entries[tid] = tunnel.entry
        }
    }

    /// Writes everything down from now on.
    private mutating func openDecisionLog() {
        self.engine.tables.forwarding.decisionLog.isOpen = true
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number) else { continue }
            self.engine.tables.forwarding.entries[tid].isTraced = true
        }
    }

    private mutating func take(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from origin: Explainer.Origin,
        _ now: Timestamp
    ) {
        switch origin {
        case .uplink: _ = self.engine.receiveFromUplink(&buffer, spare: &spare, at: now)
        case .tunnel(let tid): self.take(&buffer, spare: &spare, from: tid, now)
        case .underlay(let remote):
            let path = OuterPath(local: self.ownAddress(toward: remote), remote: remote)
            let outer = OuterHeader(path: path, trafficClass: 0)
            _ = self.engine.receiveFromUnderlay(&buffer, spare: &spare, as: .sixInFour, outer, at: now)
        case .wire: self.takeFromWire(&buffer, spare: &spare, now)
        }
    }

    private func ownAddress(toward remote: IPAddress) -> IPAddress {
        switch remote {
        case .ipv4: .ipv4(self.engine.tables.configuration.ownDetails?.ipv4 ?? IPv4Address(0))
        case .ipv6: .ipv6(self.engine.tables.configuration.ownDetails?.ipv6 ?? .unspecified)
        }
    }

    /// An inner packet as the user's end would send it; what a signature would be is taken for right.
    private mutating func take(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from tid: TID,
        _ now: Timestamp
    ) {
        let anywhere = IPAddress.ipv4(IPv4Address(0))
        let path =
            self.engine.tables.forwarding.tunnels[tid].session.path
            ?? OuterPath(local: anywhere, remote: anywhere)
        let outer = OuterHeader(path: path, trafficClass: 0)
        let encapsulation = self.engine.tables.forwarding.tunnels[tid].session.encapsulation
        guard encapsulation == .ayiya, self.engine.tables.forwarding.entries[tid].condition == .up else {
            if encapsulation == .gre { GREEncapsulator.encapsulate(&buffer) }
            let payload: OuterPayload = encapsulation == .gre ? .gre : .sixInFour
            _ = self.engine.receiveFromUnderlay(&buffer, spare: &spare, as: payload, outer, at: now)
            return
        }
        self.engine.tables.forwarding.decisionLog.begin(at: now)
        self.engine.tables.note(.enteredFromUnderlay(.ayiya, path, octets: buffer.count), about: tid)
        let length = (try? IPv6Packet(buffer.packet).totalLength) ?? buffer.count
        let arrival = InnerArrival(tid: tid, encapsulation: .ayiya, length: length)
        _ = self.engine.receive(arrival, &buffer, spare: &spare, outer, now)
    }

    /// A packet with all its headers: an outer one when its protocol and ends are those of tunnels.
    private mutating func takeFromWire(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) {
        guard let arrival = OuterPacket(buffer.packet) else {
            _ = self.engine.receiveFromUplink(&buffer, spare: &spare, at: now)
            return
        }
        if case .ipv6(let local) = arrival.outer.path.local,
            local != self.engine.tables.configuration.ownDetails?.ipv6
        {
            _ = self.engine.receiveFromUplink(&buffer, spare: &spare, at: now)
            return
        }
        guard let payload = arrival.payload else { return }
        buffer.truncate(to: arrival.range.upperBound)
        buffer.removeFirst(arrival.range.lowerBound)
        _ = self.engine.receiveFromUnderlay(&buffer, spare: &spare, as: payload, arrival.outer, at: now)
    }
}
