internal import Wire

/// What is done with packets of one kind, and what must become of each.
struct Scene {
    /// How much of the engine's work is done.
    enum Work {
        /// The header is checked and the verdict found (`IPv6Packet.init` and `Engine.verdict`).
        case decision
        /// The packet goes through the whole engine.
        case pass
    }

    /// What must become of every packet.
    enum Outcome {
        case underlay
        case uplink
        case nothing
    }

    let work: Work
    let route: Traffic.Route
    let outcome: Outcome
    var kind = Fleet.Kind.sixInFour
    /// The outer headers of packets that come from a tunnel.
    var outer = Traffic.Outer.none
    /// The size of the inner packets, in octets.
    var length = Self.small
    var hopLimit: UInt8 = 64
    var subnetPrefixes = 1
    /// Whether the decisions about a tunnel that no packet belongs to are written down.
    var tracesAnother = false

    static let small = 100
    static let large = 1280

    /// A case in which packets are spread among so many tunnels.
    func example(_ name: String, tunnels: Int, packets: Int = TID.capacity) -> Case {
        let traffic = Traffic(
            self.route,
            self.outer,
            innerLength: self.length,
            tunnels: tunnels,
            packets: packets,
            hopLimit: self.hopLimit
        )
        let bed = Bed(self.kind, tunnels: tunnels, subnetPrefixes: self.subnetPrefixes, traffic)
        if self.tracesAnother, let idle = TID(rawValue: UInt16(tunnels)) { bed.trace(idle) }
        let outcome = self.outcome
        switch self.work {
        case .decision: return Case(name, operations: packets) { bed.decide(outcome) }
        case .pass: return Case(name, operations: packets) { bed.pass(outcome) }
        }
    }
}
