internal import Wire

/// Finds the tunnels whose remote end has an address, in a time that doesn't grow with their number.
///
/// Buckets of tunnels, chained through one link a tunnel; all memory is allocated once.
struct EndpointIndex: ~Copyable {
    private static let bucketBits: UInt64 = 14

    private var buckets = [TID?](repeating: nil, count: 1 << bucketBits)
    private let links = SlotTable<TID?>(repeating: nil)
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
    }

    /// The bucket of an address; seeded, so that nobody can choose addresses that share one.
    private func bucket(of remote: IPAddress) -> Int {
        let address = remote.mapped
        let mixed = (address.high ^ self.seed) &* 0x9e37_79b9_7f4a_7c15 ^ address.low
        let scattered = (mixed ^ mixed >> 29) &* 0xbf58_476d_1ce4_e5b9
        return Int(truncatingIfNeeded: scattered >> (64 - Self.bucketBits))
    }

    /// Puts a tunnel in, which must not be in.
    mutating func insert(_ tid: TID, at remote: IPAddress) {
        let bucket = self.bucket(of: remote)
        self.links[tid] = self.buckets[bucket]
        self.buckets[bucket] = tid
    }

    /// Takes a tunnel out that was put in with the same address.
    mutating func remove(_ tid: TID, at remote: IPAddress) {
        let bucket = self.bucket(of: remote)
        guard var previous = self.buckets[bucket] else { return }
        if previous == tid {
            self.buckets[bucket] = self.links[tid]
            return
        }
        while let next = self.links[previous] {
            if next == tid {
                self.links[previous] = self.links[tid]
                return
            }
            previous = next
        }
    }

    /// The first tunnel in the bucket of an address; others follow by ``next(after:)``.
    ///
    /// Whether its remote end really has the address, the caller must see.
    func first(at remote: IPAddress) -> TID? { self.buckets[self.bucket(of: remote)] }

    /// The tunnel that follows in the same bucket.
    func next(after tid: TID) -> TID? { self.links[tid] }
}

extension Engine {
    /// The first tunnel whose remote end has an address and that a condition holds for.
    func tunnel(at remote: IPAddress, where condition: (TID) -> Bool = { _ in true }) -> TID? {
        var candidate = self.endpoints.first(at: remote)
        while let tid = candidate {
            if self.forwarder.tunnels[tid].session.path?.remote == remote, condition(tid) { return tid }
            candidate = self.endpoints.next(after: tid)
        }
        return nil
    }
}

extension Forwarder {
    /// Whether outer packets to an address would not come back into a tunnel (RFC 2473 §4.1.2).
    func isOutside(_ remote: IPAddress) -> Bool {
        switch remote {
        case .ipv4: true
        case .ipv6(let address): self.plan.owner(of: address) == .outside
        }
    }
}
