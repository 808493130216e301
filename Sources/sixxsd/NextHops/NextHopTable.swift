import LinuxIO
import Wire

/// Where packets to remote ends go on their links, for some seconds each: a cache of fixed size.
///
/// Nothing in it is used for longer than ``lifetime`` and ``grace`` without being asked for anew, and the packet that asks
/// takes the IP stack, so that the kernel goes on confirming its neighbours. One that finds no room takes the IP stack
/// too: what is in use is never pushed out.
struct NextHopTable: ~Copyable {
    /// For how long an answer is good, in nanoseconds.
    static let lifetime: UInt64 = 5_000_000_000
    /// For how long an old answer serves while a new one is waited for, in nanoseconds.
    static let grace: UInt64 = 1_000_000_000
    /// After how long is asked again when there was no next hop, or no answer, in nanoseconds.
    static let pause: UInt64 = 2_000_000_000

    /// What to do with a packet.
    struct Advice: Hashable {
        /// Where it goes; nil for through the IP stack.
        var hop: NextHop?
        /// Whether the next hop is to be asked for.
        var asks = false
    }

    private struct Entry {
        var remote = IPv4Address(0)
        var generation: UInt32 = 0
        var interface: UInt32 = 0
        /// 0 without a next hop.
        var mtu: UInt32 = 0
        var address = LinkAddress(0)
        /// From when on is asked.
        var askAt: UInt64 = 0
        /// Until when the next hop is good.
        var endsAt: UInt64 = 0

        var hop: NextHop { NextHop(interface: self.interface, address: self.address, mtu: Int(self.mtu)) }
    }

    /// Remote ends that share a place; what is in one is searched one by one.
    private static let ways = 4

    private let entries: UnsafeMutableBufferPointer<Entry>
    private let setMask: UInt64
    private let seed: UInt64

    /// Answers of other generations count for nothing.
    private(set) var generation: UInt32

    /// Allocates the table.
    ///
    /// - Parameters:
    ///   - sets: A power of two; four remote ends find room in each. The default is four places for each tunnel.
    ///   - seed: What remote ends are spread by.
    init(sets: Int = 8192, seed: UInt64 = .random(in: .min ... .max)) {
        precondition(sets > 0 && sets & (sets - 1) == 0, "the number of sets must be a power of two")
        self.entries = .allocate(capacity: sets * Self.ways)
        self.entries.initialize(repeating: Entry())
        self.setMask = UInt64(sets - 1)
        self.seed = seed
        self.generation = 1
    }

    deinit { self.entries.deallocate() }

    /// Forgets everything unless it belongs to this generation.
    mutating func keepOnly(_ generation: UInt32) {
        self.generation = generation
    }

    /// Says where a packet goes.
    ///
    /// - Parameters:
    ///   - remote: Its destination.
    ///   - length: Its size in octets.
    ///   - now: Monotonic time in nanoseconds.
    /// - Returns: Where it goes, and whether to ask.
    mutating func advice(for remote: IPv4Address, length: Int, at now: UInt64) -> Advice {
        guard let place = self.place(of: remote) else {
            guard let room = self.room(for: remote, at: now) else { return Advice() }
            self.entries[room] = Entry(
                remote: remote,
                generation: self.generation,
                askAt: now + Self.pause,
                endsAt: now
            )
            return Advice(asks: true)
        }
        guard now < self.entries[place].askAt else {
            self.entries[place].askAt = now + Self.pause
            return Advice(asks: true)
        }
        guard now < self.entries[place].endsAt, length <= self.entries[place].mtu else { return Advice() }
        return Advice(hop: self.entries[place].hop)
    }

    /// Takes an answer; nil when there is no next hop.
    mutating func store(_ hop: NextHop?, for remote: IPv4Address, at now: UInt64) {
        guard let place = self.place(of: remote) ?? self.room(for: remote, at: now) else { return }
        var entry = Entry(
            remote: remote,
            generation: self.generation,
            askAt: now + Self.pause,
            endsAt: now
        )
        if let hop {
            entry.interface = hop.interface
            entry.mtu = UInt32(clamping: hop.mtu)
            entry.address = hop.address
            entry.askAt = now + Self.lifetime
            entry.endsAt = now + Self.lifetime + Self.grace
        }
        self.entries[place] = entry
    }

    /// Uses a next hop no more that failed; it is asked for again after a pause.
    mutating func giveUp(_ remote: IPv4Address, at now: UInt64) {
        guard let place = self.place(of: remote) else { return }
        self.entries[place].endsAt = now
        self.entries[place].askAt = now + Self.pause
    }

    private func places(for remote: IPv4Address) -> Range<Int> {
        // MurmurHash3's last steps: one multiplication alone crowds addresses of an equal distance.
        var hash = UInt64(remote.value) ^ self.seed
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        let first = Int(hash >> 33 & self.setMask) * Self.ways
        return first..<first + Self.ways
    }

    private func place(of remote: IPv4Address) -> Int? {
        for place in self.places(for: remote)
        where self.entries[place].remote == remote && self.entries[place].generation == self.generation {
            return place
        }
        return nil
    }

    /// A place that holds nothing that is waited for or in use.
    private func room(for remote: IPv4Address, at now: UInt64) -> Int? {
        for place in self.places(for: remote) {
            let isOver = self.entries[place].askAt <= now && self.entries[place].endsAt <= now
            if isOver || self.entries[place].generation != self.generation { return place }
        }
        return nil
    }
}
