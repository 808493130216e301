internal import Wire

/// Finds tunnels by their outer ends.
///
/// Thousands may share a remote end's address: whose packets an error is about, all of the ends tell.
struct EndpointIndex: ~Copyable {
    private var byRemote = TunnelIndex()
    private var bySender = TunnelIndex()
    private let hash: KeyedHash

    init(seed: UInt64) {
        self.hash = KeyedHash(seed: seed, for: .endpoints)
    }

    private func tag(of remote: IPAddress) -> UInt64 {
        let address = remote.mapped
        return self.hash.value(of: address.high, address.low)
    }

    private func tag(of path: OuterPath, _ encapsulation: Encapsulation) -> UInt64 {
        let ports = UInt64(path.localPort) << 16 | UInt64(path.remotePort)
        return self.hash.value(
            of: self.tag(of: path.remote),
            self.tag(of: path.local) &+ (UInt64(encapsulation.rawValue) << 32 | ports)
        )
    }

    /// Puts a tunnel in, which must not be in.
    mutating func insert(_ tid: TID, _ path: OuterPath, _ encapsulation: Encapsulation) {
        self.byRemote.insert(tid, tagged: self.tag(of: path.remote))
        self.bySender.insert(tid, tagged: self.tag(of: path, encapsulation))
    }

    /// Takes a tunnel out, if it is in.
    mutating func remove(_ tid: TID) {
        self.byRemote.remove(tid)
        self.bySender.remove(tid)
    }

    /// A tunnel whose remote end has an address.
    func tunnel(at remote: IPAddress) -> TID? { self.byRemote.first(tagged: self.tag(of: remote)) }

    /// A tunnel whose outer packets have these ends and this encapsulation.
    func sender(along path: OuterPath, _ encapsulation: Encapsulation) -> TID? {
        self.bySender.first(tagged: self.tag(of: path, encapsulation))
    }

    /// How many comparisons it takes to find a sender.
    func comparisons(along path: OuterPath, _ encapsulation: Encapsulation) -> Int {
        self.bySender.search(for: self.tag(of: path, encapsulation)).comparisons
    }
}
