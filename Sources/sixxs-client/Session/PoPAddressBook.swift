import Wire

/// Which of the PoP's addresses packets go to, and when its name is looked up again.
///
/// The resolver does not tell how long its answers are good, so the name of a PoP that works is looked up every few minutes; a
/// PoP that falls silent may have moved, and its name is looked up at once.
struct PoPAddressBook: Sendable {
    /// How often while the tunnel works.
    static let workingInterval: Duration = .seconds(300)

    /// How often while it does not: each time the next of the PoP's addresses is tried.
    static let silentInterval: Duration = .seconds(30)

    private static let firstPause: Duration = .seconds(2)
    private static let longestPause: Duration = .seconds(60)

    /// What an answer changed.
    enum Change: Hashable, Sendable {
        /// Nothing.
        case none
        /// Packets go to another address from now on; nil where they went nowhere before.
        case moved(from: IPAddress?, to: IPAddress)
        /// The name has addresses, and none that the tunnel can use.
        case unusable([IPAddress])
        /// The resolver found nothing, for a reason.
        case failed(String)
    }

    /// What was asked for.
    let host: PoPHost

    private let isUsable: @Sendable (IPAddress) -> Bool
    private var pause = Self.firstPause

    /// Where packets go; nil before the first answer.
    private(set) var current: IPAddress?

    /// When the name is to be looked up; nil for an address, and while that is being done.
    private(set) var nextLookup: Duration?

    /// Creates a book; a name's first lookup is due at once.
    ///
    /// - Parameters:
    ///   - host: The PoP.
    ///   - now: The time.
    ///   - isUsable: Whether the tunnel can reach a PoP at an address.
    init(_ host: PoPHost, at now: Duration, isUsable: @escaping @Sendable (IPAddress) -> Bool) {
        self.host = host
        self.isUsable = isUsable
        switch host {
        case .address(let address): self.current = address
        case .name: self.nextLookup = now
        }
    }

    /// The name to look up if that is due; it counts as begun.
    mutating func takeLookup(at now: Duration) -> String? {
        guard case .name(let name) = self.host, let due = self.nextLookup, now >= due else { return nil }
        self.nextLookup = nil
        return name
    }

    /// Has the name looked up at once, since the PoP does not answer any more.
    mutating func noteSilence(at now: Duration) {
        if self.nextLookup != nil { self.nextLookup = now }
    }

    /// Takes an answer of the resolver.
    ///
    /// - Parameters:
    ///   - addresses: The name's, in the order in which they are to be tried.
    ///   - isAnswering: Whether the PoP answers at the present address.
    ///   - now: The time.
    /// - Returns: What it changed.
    mutating func note(_ addresses: [IPAddress], isAnswering: Bool, at now: Duration) -> Change {
        self.pause = Self.firstPause
        self.nextLookup = now + (isAnswering ? Self.workingInterval : Self.silentInterval)
        let usable = addresses.filter(self.isUsable)
        guard let next = self.choice(among: usable, isAnswering) else { return .unusable(addresses) }
        guard next != self.current else { return .none }
        let old = self.current
        self.current = next
        return .moved(from: old, to: next)
    }

    /// Takes note that the resolver found nothing: what was known stays.
    mutating func noteFailure(_ reason: String, at now: Duration) -> Change {
        self.nextLookup = now + self.pause
        self.pause = min(self.pause * 2, Self.longestPause)
        return .failed(reason)
    }

    private func choice(among usable: [IPAddress], _ isAnswering: Bool) -> IPAddress? {
        guard let current, let place = usable.firstIndex(of: current) else { return usable.first }
        return isAnswering ? current : usable[(place + 1) % usable.count]
    }
}
