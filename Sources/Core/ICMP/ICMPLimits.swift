internal import Wire

/// Limits one kind of messages for a whole PoP, so that it neither floods others nor falls silent toward some because of
/// others (RFC 4443 §2.4(f)).
///
/// What all have in common is spent first come, first served. Who finds it empty, because others were quicker, still has a
/// share: each source network of each size has a bucket of its own, one of a fixed number that a keyed hash gives it. Whatever
/// a source was sent is taken from its shares too, so that one that is alone gets exactly what all have in common.
struct ICMPLimits {
    /// The sizes of source networks.
    enum NetworkSize: Int, CaseIterable {
        /// A link: an IPv6 /64, an IPv4 address.
        case link
        /// A site: an IPv6 /48, an IPv4 /24.
        case site
        /// A provider: an IPv6 /32, an IPv4 /16.
        case provider

        /// Bits that are the same for all addresses of a network, of the IPv4-mapped form for IPv4.
        fileprivate func prefixLength(of address: IPAddress) -> Int {
            switch (self, address) {
            case (.link, .ipv4): 128
            case (.site, .ipv4): 120
            case (.provider, .ipv4): 112
            case (.link, .ipv6): 64
            case (.site, .ipv6): 48
            case (.provider, .ipv6): 32
            }
        }
    }

    /// How many buckets there are for networks of a size.
    static let placesPerSize = 512

    /// Where the buckets of a source's networks are.
    struct Places {
        fileprivate var indices = InlineArray<3, Int>(repeating: 0)

        /// Finds the buckets of a source.
        ///
        /// - Parameters:
        ///   - source: The source.
        ///   - hash: What scatters the networks, so that nobody can choose one that shares another's bucket.
        init(of source: IPAddress, by hash: KeyedHash) {
            for size in NetworkSize.allCases {
                let network = IPv6Prefix(containing: source.mapped, length: size.prefixLength(of: source))
                // The prefix's bits are not all there are in a word: its size goes into those that it leaves free.
                let value = hash.value(
                    of: network.address.high,
                    network.address.low ^ UInt64(size.rawValue + 1) << 60
                )
                let place = Int(truncatingIfNeeded: value & UInt64(ICMPLimits.placesPerSize - 1))
                self.indices[size.rawValue] = size.rawValue * ICMPLimits.placesPerSize + place
            }
        }
    }

    private var common = TokenBucket()
    /// What flows into all shares together.
    private var reserve = TokenBucket()
    private var shares = [TokenBucket](
        repeating: TokenBucket(),
        count: NetworkSize.allCases.count * placesPerSize
    )

    /// Takes a token, if there is one.
    ///
    /// - Parameters:
    ///   - places: Where the shares of the source are.
    ///   - tunnel: What all sources have in common of one tunnel; nil where the message is about none.
    ///   - rate: How many there may be.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether one was taken.
    mutating func take(
        for places: Places,
        of tunnel: inout TokenBucket?,
        _ rate: ICMPRate,
        at now: UInt64
    ) -> Bool {
        guard let popRate = rate.forPoP, let share = rate.forShare else { return false }
        var isInCommon = self.common.hasToken(at: now, popRate)
        if let bucket = tunnel {
            guard let tunnelRate = rate.forTunnel else { return false }
            isInCommon = isInCommon && bucket.hasToken(at: now, tunnelRate)
            if isInCommon { tunnel?.spend(at: now, tunnelRate) }
        }
        if isInCommon {
            self.common.spend(at: now, popRate)
        } else if self.reserve.hasToken(at: now, popRate), self.hasShare(at: places, share, now) {
            self.reserve.spend(at: now, popRate)
        } else {
            return false
        }
        for size in NetworkSize.allCases { self.shares[places.indices[size.rawValue]].spend(at: now, share) }
        return true
    }

    private func hasShare(at places: Places, _ share: TokenRate, _ now: UInt64) -> Bool {
        for size in NetworkSize.allCases
        where self.shares[places.indices[size.rawValue]].hasToken(at: now, share) {
            return true
        }
        return false
    }
}

extension ICMPRate {
    /// What all sources have in common of a tunnel.
    fileprivate var forTunnel: TokenRate? {
        TokenRate(perSecond: self.tunnelPerSecond, burst: self.tunnelBurst)
    }

    /// What all sources have in common.
    fileprivate var forPoP: TokenRate? {
        TokenRate(perSecond: self.popPerSecond, burst: self.popPerSecond)
    }

    /// What flows into one share: those of all networks of all sizes together get what the PoP's limit is, and none gets more
    /// than there is about one tunnel.
    fileprivate var forShare: TokenRate? {
        guard let pop = self.forPoP else { return nil }
        let places = ICMPLimits.NetworkSize.allCases.count * ICMPLimits.placesPerSize
        let interval = Timestamp.nanosecondsPerSecond &* UInt64(places) / UInt64(self.popPerSecond)
        guard let tunnel = self.forTunnel else { return TokenRate(interval: interval, burst: 1) }
        return TokenRate(
            interval: max(interval, tunnel.interval),
            burst: min(tunnel.burst, pop.burst)
        )
    }
}
