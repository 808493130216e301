internal import CFastPath
internal import LinuxIO
internal import Synchronization
internal import Wire

/// The outer addresses of a tunnel over IPv6 (`struct fast_path_ipv6_ends`).
struct IPv6Ends: Equatable {
    fileprivate static let count = MemoryLayout<fast_path_ipv6_ends>.size / MemoryLayout<UInt64>.size

    private let local: IPv6Address
    private let remote: IPv6Address

    /// Takes two addresses; nil when they are not of IPv6.
    init?(_ local: IPAddress, _ remote: IPAddress) {
        guard case (.ipv6(let local), .ipv6(let remote)) = (local, remote) else { return nil }
        self.local = local
        self.remote = remote
    }

    /// A word of them.
    fileprivate func word(_ index: Int) -> UInt64 {
        let address = index < 2 ? self.local : self.remote
        return (index & 1 == 0 ? address.high : address.low).byteSwapped
    }
}

/// Those of all tunnels, in rows like the tunnels' own.
struct IPv6EndsTable: Sendable {
    private let table: BPFTable

    init(of object: BPFObject) throws(SystemCallError) { self.table = try object.table("ipv6_ends") }

    private func load(_ index: Int, of row: Int) -> UInt64 {
        self.table.word(at: index * MemoryLayout<UInt64>.size, of: row).pointee.load(ordering: .relaxed)
    }

    private func store(_ word: UInt64, _ index: Int, of row: Int) {
        self.table.word(at: index * MemoryLayout<UInt64>.size, of: row).pointee
            .store(word, ordering: .sequentiallyConsistent)
    }

    /// Whether a row has these.
    func holds(_ ends: IPv6Ends, in row: Int) -> Bool {
        (0..<IPv6Ends.count).allSatisfy { self.load($0, of: row) == ends.word($0) }
    }

    /// Writes a row, which nobody may be forwarding by.
    func store(_ ends: IPv6Ends, in row: Int) {
        for index in 0..<IPv6Ends.count { self.store(ends.word(index), index, of: row) }
    }

    /// Makes a row what another is.
    func copy(from old: Int, to new: Int) {
        for index in 0..<IPv6Ends.count { self.store(self.load(index, of: old), index, of: new) }
    }
}
