package import Wire

/// How many of something each host has at a time, and none more than its share; a network of 64 bits of IPv6 is one host.
package struct NetworkCounts: Sendable {
    private let most: Int
    private var counts: [IPAddress: Int] = [:]

    /// Creates one in which nobody has any.
    ///
    /// - Parameter most: How many one host may have.
    package init(mostOfOne most: Int) { self.most = most }

    /// Counts one more, if the host may have it.
    package mutating func add(_ host: IPAddress) -> Bool {
        let count = self.counts[host.network, default: 0]
        guard count < self.most else { return false }
        self.counts[host.network] = count + 1
        return true
    }

    /// Counts one that was added no more.
    package mutating func remove(_ host: IPAddress) {
        let count = self.counts[host.network, default: 0]
        self.counts[host.network] = count > 1 ? count - 1 : nil
    }
}
