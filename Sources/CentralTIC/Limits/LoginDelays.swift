internal import Central
internal import Synchronization
internal import Wire

/// How long each attempt to log in has to wait, the longer the more wrong secrets came from its address, or for its account.
///
/// An attempt counts as a failure from its beginning, so that many at once gain nothing, until it went well. The wait comes
/// before the secret is looked at: the answer to a wrong one is no later than that to a right one. Accounts that there are and
/// those that there are not are counted alike.
final class LoginDelays: Sendable {
    /// Failures that cost nothing: people mistype, and several clients of one home start at once.
    static let free = 4.0

    /// The longest wait of an address.
    static let longest = Duration.seconds(30)

    /// The longest wait of an account: somebody else's guesses must not keep its user out.
    static let longestOfAccount = Duration.seconds(8)

    /// After how long half of the failures are forgotten.
    static let halfLife = Duration.seconds(300)

    private enum Key: Hashable {
        case address(IPAddress)
        /// A network of 48 bits, in which one client can have 65,536 of the addresses.
        case network(IPv6Address)
        case account(String)

        /// How many failures of it count as one.
        var share: Double { if case .network = self { 8 } else { 1 } }

        var longest: Duration {
            if case .account = self { LoginDelays.longestOfAccount } else { LoginDelays.longest }
        }
    }

    private struct Entry {
        var failures: Double
        var time: ContinuousClock.Instant
    }

    private let entries = Mutex<[Key: Entry]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// How many addresses and accounts are remembered.
    private let most: Int

    init(most: Int = 131_072, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.most = most
        self.now = now
    }

    /// Begins an attempt.
    ///
    /// - Returns: How long it has to wait before it is looked at.
    func begin(_ client: IPAddress?, _ account: ClientAccount?) -> Duration {
        let (now, keys) = (self.now(), Self.keys(client, account))
        return self.entries.withLock { entries in
            var wait = Duration.zero
            for key in keys {
                let failures = Self.failures(of: key, in: entries, at: now)
                wait = max(wait, Self.wait(after: failures / key.share, atMost: key.longest))
                self.makeRoom(in: &entries, at: now)
                entries[key] = Entry(failures: failures + 1, time: now)
            }
            return wait
        }
    }

    /// Takes back what the beginning of an attempt counted, since it went well, or never took place.
    func forgive(_ client: IPAddress?, _ account: ClientAccount?) {
        let (now, keys) = (self.now(), Self.keys(client, account))
        self.entries.withLock { entries in
            for key in keys {
                let failures = Self.failures(of: key, in: entries, at: now) - 1
                entries[key] = failures > 0.01 ? Entry(failures: failures, time: now) : nil
            }
        }
    }

    /// A second, and twice as long each time.
    private static func wait(after failures: Double, atMost longest: Duration) -> Duration {
        // The fifth within a moment is the fifth, though a bit of the four before it is forgotten already.
        let count = failures.rounded()
        guard count >= Self.free else { return .zero }
        return min(longest, .seconds(1 << min(Int(count - Self.free), 16)))
    }

    private static func failures(
        of key: Key,
        in entries: [Key: Entry],
        at now: ContinuousClock.Instant
    ) -> Double {
        guard let entry = entries[key] else { return 0 }
        // Halves are taken off in whole steps and the rest in a line, which needs no exponential function.
        let halves = max(0, (now - entry.time) / Self.halfLife)
        guard halves < 32 else { return 0 }
        let whole = halves.rounded(.down)
        return entry.failures / Double(UInt64(1) << UInt64(whole)) * (1 - (halves - whole) / 2)
    }

    /// Forgets the half with the fewest failures when there are too many, so that nobody rids himself of his by coming as many.
    private func makeRoom(in entries: inout [Key: Entry], at now: ContinuousClock.Instant) {
        guard entries.count >= self.most else { return }
        let order = entries.keys.map { (key: $0, failures: Self.failures(of: $0, in: entries, at: now)) }
            .sorted { $0.failures < $1.failures }
        for (key, _) in order.prefix((order.count + 1) / 2) { entries[key] = nil }
    }

    private static func keys(_ client: IPAddress?, _ account: ClientAccount?) -> [Key] {
        var keys: [Key] = []
        switch client {
        case .ipv4: keys += client.map { [.address($0)] } ?? []
        case .ipv6(let address):
            keys.append(.address(.ipv6(IPv6Prefix(containing: address, length: 64).address)))
            keys.append(.network(IPv6Prefix(containing: address, length: 48).address))
        case nil: break
        }
        if let account { keys.append(.account("\(account)".lowercased())) }
        return keys
    }
}
