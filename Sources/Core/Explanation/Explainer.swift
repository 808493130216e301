public import Wire

/// The states of all tunnels at one moment, to explain packets with elsewhere.
public struct EngineState: Sendable {
    fileprivate let tunnels: [(row: TunnelState, entry: ForwardingEntry)]
}

extension Engine {
    /// Copies the states of all tunnels.
    ///
    /// Allocates.
    public mutating func state() -> EngineState {
        self.catchUp()
        return EngineState(
            tunnels: (0..<UInt16(TID.capacity)).map { number in
                TID(rawValue: number).map { (self.forwarder.tunnels[$0], self.forwarder.entries[$0]) }
                    ?? (TunnelState(), ForwardingEntry())
            }
        )
    }

    /// Takes over the states of another engine's tunnels that were up or had a session.
    fileprivate mutating func adopt(_ state: EngineState) {
        for (number, tunnel) in state.tunnels.enumerated() where tunnel.entry.condition != .none {
            guard let tid = TID(rawValue: UInt16(clamping: number)),
                self.forwarder.entries[tid].condition != .none
            else { continue }
            self.changeSession(of: tid) { session in
                session = tunnel.row.session
                return true
            }
            self.forwarder.tunnels[tid] = tunnel.row
            self.forwarder.entries[tid] = tunnel.entry
        }
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
        if let state { self.engine.adopt(state) }
        self.engine.openDecisionLog()
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
        self.engine.explain(&buffer, spare: &spare, from: origin, now)
        return self.engine.takeDecisions().entries
    }
}

extension Engine {
    /// Writes everything down from now on.
    fileprivate mutating func openDecisionLog() {
        self.forwarder.decisionLog.isOpen = true
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number) else { continue }
            self.forwarder.entries[tid].isTraced = true
        }
    }

    fileprivate mutating func explain(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from origin: Explainer.Origin,
        _ now: Timestamp
    ) {
        switch origin {
        case .uplink: _ = self.receiveFromUplink(&buffer, spare: &spare, at: now)
        case .tunnel(let tid): self.explain(&buffer, spare: &spare, from: tid, now)
        case .underlay(let remote):
            let path = OuterPath(local: self.ownAddress(toward: remote), remote: remote)
            let outer = OuterHeader(path: path, trafficClass: 0)
            _ = self.receiveFromUnderlay(&buffer, spare: &spare, as: .sixInFour, outer, at: now)
        case .wire: self.explainFromWire(&buffer, spare: &spare, now)
        }
    }

    private func ownAddress(toward remote: IPAddress) -> IPAddress {
        switch remote {
        case .ipv4: .ipv4(self.configuration.ownDetails?.ipv4 ?? IPv4Address(0))
        case .ipv6: .ipv6(self.configuration.ownDetails?.ipv6 ?? .unspecified)
        }
    }

    /// An inner packet as the user's end would send it; what a signature would be is taken for right.
    private mutating func explain(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from tid: TID,
        _ now: Timestamp
    ) {
        let anywhere = IPAddress.ipv4(IPv4Address(0))
        let path = self.forwarder.tunnels[tid].session.path ?? OuterPath(local: anywhere, remote: anywhere)
        let outer = OuterHeader(path: path, trafficClass: 0)
        guard self.forwarder.tunnels[tid].session.encapsulation == .ayiya,
            self.forwarder.entries[tid].condition == .up
        else {
            _ = self.receiveFromUnderlay(&buffer, spare: &spare, as: .sixInFour, outer, at: now)
            return
        }
        self.forwarder.decisionLog.begin(at: now)
        self.note(.enteredFromUnderlay(.ayiya, path, octets: buffer.count), about: tid)
        _ = self.receiveInner(&buffer, spare: &spare, from: tid, as: .ayiya, outer, now)
    }

    /// A packet with all its headers: an outer one when its protocol and ends are those of tunnels.
    private mutating func explainFromWire(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) {
        guard let arrival = OuterPacket(buffer.packet) else {
            _ = self.receiveFromUplink(&buffer, spare: &spare, at: now)
            return
        }
        if case .ipv6(let local) = arrival.outer.path.local, local != self.configuration.ownDetails?.ipv6 {
            _ = self.receiveFromUplink(&buffer, spare: &spare, at: now)
            return
        }
        guard let payload = arrival.payload else { return }
        buffer.truncate(to: arrival.range.upperBound)
        buffer.removeFirst(arrival.range.lowerBound)
        _ = self.receiveFromUnderlay(&buffer, spare: &spare, as: payload, arrival.outer, at: now)
    }
}
