internal import Core
internal import Wire

/// What routes allow of the size of tunnels' packets, which the programs are not told (`bpf_fib_lookup` looks only at what is locked).
///
/// Until the route to a user was asked for, the tunnel is not on the fast path.
struct RouteLimits {
    private struct Limit {
        var remote = IPAddress.ipv4(IPv4Address(0))
        /// Size of the largest outer packet, in octets; 0 for not known, or no route.
        var octets: UInt16 = 0
    }

    private var limits = [Limit](repeating: Limit(), count: TID.capacity)
    /// What tunnels would be without limits.
    private var tunnels = [PlainTunnel?](repeating: nil, count: TID.capacity)
    private var unasked = TIDSet()
    /// Whether there are tunnels whose routes are to be asked for.
    private(set) var hasUnasked = false

    /// Lowers what a tunnel takes to what the route to its user does.
    mutating func restrict(_ tunnel: PlainTunnel?, of tid: TID) -> PlainTunnel? {
        let index = Int(tid.rawValue)
        self.tunnels[index] = tunnel
        guard var tunnel else {
            // Nobody follows its route any more.
            self.limits[index] = Limit()
            return nil
        }
        if self.limits[index].remote != tunnel.remote {
            self.limits[index] = Limit(remote: tunnel.remote)
            self.ask(tid)
        }
        let front = tunnel.overhead
        let octets = self.limits[index].octets
        tunnel.mtu = octets > front ? min(tunnel.mtu, octets - front) : 0
        return tunnel
    }

    private mutating func ask(_ tid: TID) {
        self.unasked.insert(tid)
        self.hasUnasked = true
    }

    /// Takes the tunnels away whose routes are to be asked for.
    mutating func takeUnasked() -> [(tid: TID, remote: IPAddress)] {
        guard self.hasUnasked else { return [] }
        var taken: [(tid: TID, remote: IPAddress)] = []
        self.unasked.forEach { taken.append(($0, self.limits[Int($0.rawValue)].remote)) }
        self.unasked.removeAll()
        self.hasUnasked = false
        return taken
    }

    /// The tunnels whose routes were asked for, with the users' addresses.
    var users: [(tid: TID, remote: IPAddress)] {
        TID.all.compactMap { tid in self.tunnels[Int(tid.rawValue)].map { (tid, $0.remote) } }
    }

    /// Has the routes of some tunnels be asked for again.
    mutating func askAgain(_ tids: [TID]) {
        for tid in tids where self.tunnels[Int(tid.rawValue)] != nil { self.ask(tid) }
    }

    /// Whether an answer says what is known.
    func isKnown(_ octets: UInt16?, of tid: TID, toward remote: IPAddress) -> Bool {
        let limit = self.limits[Int(tid.rawValue)]
        return limit.remote == remote && limit.octets == octets ?? 0
    }

    /// Takes an answer.
    ///
    /// - Parameters:
    ///   - octets: Size of the largest outer packet that the route takes; nil for no route.
    ///   - tid: The tunnel.
    ///   - remote: The user's address that was asked about.
    /// - Returns: What the tunnel would be without limits; nil where it is elsewhere by now.
    mutating func note(_ octets: UInt16?, of tid: TID, toward remote: IPAddress) -> PlainTunnel? {
        let index = Int(tid.rawValue)
        guard let tunnel = self.tunnels[index], tunnel.remote == remote else { return nil }
        self.limits[index] = Limit(remote: remote, octets: octets ?? 0)
        return tunnel
    }
}
