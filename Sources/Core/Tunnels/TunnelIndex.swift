internal import Wire

/// Finds the tunnels that have something in common, in a time that doesn't grow with their number, nor with how many have it
/// in common.
///
/// What they have in common is a tag of 64 bits. Buckets chain one tunnel of each tag, and the others of the tag hang on that
/// one, so that as many tags are compared as share a bucket: less than one on average. All memory is allocated once.
struct TunnelIndex: ~Copyable {
    private static let bucketBits: UInt64 = 14

    /// Where a tunnel stands.
    struct Link: Sendable {
        var tag: UInt64 = 0
        /// Whether it stands for its tag in the bucket.
        var isFirst = false
        /// The first tunnel of the bucket's next tag, if it is the first of its own.
        var nextTag: TID?
        /// The neighbours among those of the same tag, in a ring.
        var next: TID?
        var previous: TID?
    }

    private var buckets = [TID?](repeating: nil, count: 1 << bucketBits)
    let links = TunnelTable<Link>(repeating: Link())

    private static func bucket(of tag: UInt64) -> Int { Int(truncatingIfNeeded: tag >> (64 - bucketBits)) }

    /// Puts a tunnel in, which must not be in.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - tag: A number that nobody can choose, a keyed hash.
    mutating func insert(_ tid: TID, tagged tag: UInt64) {
        if let first = self.search(for: tag).first {
            let last = self.links[first].previous ?? first
            self.links[tid] = Link(tag: tag, next: first, previous: last)
            self.links[last].next = tid
            self.links[first].previous = tid
            return
        }
        let bucket = Self.bucket(of: tag)
        self.links[tid] = Link(
            tag: tag,
            isFirst: true,
            nextTag: self.buckets[bucket],
            next: tid,
            previous: tid
        )
        self.buckets[bucket] = tid
    }

    /// Takes a tunnel out; nothing happens when it isn't in.
    mutating func remove(_ tid: TID) {
        let link = self.links[tid]
        guard let next = link.next, let previous = link.previous else { return }
        self.links[tid] = Link()
        let wasAlone = next == tid
        if !wasAlone {
            self.links[next].previous = previous
            self.links[previous].next = next
        }
        guard link.isFirst else { return }
        if !wasAlone {
            self.links[next].isFirst = true
            self.links[next].nextTag = link.nextTag
        }
        self.replace(tid, in: Self.bucket(of: link.tag), by: wasAlone ? link.nextTag : next)
    }

    private mutating func replace(_ tid: TID, in bucket: Int, by heir: TID?) {
        if self.buckets[bucket] == tid {
            self.buckets[bucket] = heir
            return
        }
        var before = self.buckets[bucket]
        while let first = before {
            if self.links[first].nextTag == tid {
                self.links[first].nextTag = heir
                return
            }
            before = self.links[first].nextTag
        }
    }

    /// The first tunnel that has a tag; others follow by ``next(after:)``.
    func first(tagged tag: UInt64) -> TID? { self.search(for: tag).first }

    /// Looks for a tag.
    ///
    /// - Returns: The first tunnel that has it, and how many tags were compared.
    func search(for tag: UInt64) -> (first: TID?, comparisons: Int) {
        var comparisons = 0
        var candidate = self.buckets[Self.bucket(of: tag)]
        while let tid = candidate {
            comparisons += 1
            if self.links[tid].tag == tag { return (tid, comparisons) }
            candidate = self.links[tid].nextTag
        }
        return (nil, comparisons)
    }

    /// The tunnel that follows among those of the same tag; after the last comes the first.
    func next(after tid: TID) -> TID? { self.links[tid].next }
}
