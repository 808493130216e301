internal import CLinux
internal import Glibc
internal import SystemPackage
public import Wire

/// Finds out what the kernel knows of packets that raw sockets received, in what a ``LinkTap`` was shown of them.
///
/// A packet is shown to the tap before the IP stack gets it, so that whoever received it finds it there. All memory is there from
/// the start, and nothing makes a system call but the loss of something. One thread at a time may use a reader.
public final class TapReader {
    /// What was shown, while it is looked for in vain: it may be about a packet that comes yet.
    private struct Kept {
        var time: UInt64 = 0
        var origin = 0
        var count = 0
        var header = InlineArray<10, UInt8>(repeating: 0)
        var interface: UInt32 = 0
        /// Whether it waits to be found.
        var waits = false
    }

    /// A packet's least length, without which two could not be told apart: IPv6's header and the ports.
    private static let leastOctets = 44
    private static let mostKept = 256
    private static let snapshot = Int(CLINUX_TAP_SNAPSHOT)
    /// For so long an entry is kept from the next ones, in nanoseconds: its packet is not read yet.
    private static let shortestStay: UInt64 = 100_000_000
    /// For so long packets may be received that the tap was not shown, in nanoseconds: they wait in the raw sockets.
    private static let longestWait: UInt64 = 2_000_000_000
    /// How many frames further on to look: other processors may be about to fill those before.
    private static let lookAhead: UInt32 = 8
    private static let mostSpins = 2000

    private let tap: LinkTap
    private let ring: UnsafeMutableRawPointer
    private let kept: UnsafeMutablePointer<Kept>
    private let keptOctets: UnsafeMutableRawPointer
    private var keptCount = 0
    /// Where to keep next.
    private var place = 0
    /// The frame to read next, counted round the ring.
    private var next: UInt32 = 0
    /// How many frames from there on had been filled at the last ``forgetOld()``.
    private var oldCount = 0
    private var isIncompleteUntil: UInt64 = 0

    /// Begins to read.
    ///
    /// - Parameter tap: What nobody else reads.
    /// - Throws: ``SystemCallError`` when there is no memory.
    public init(_ tap: LinkTap) throws(SystemCallError) {
        guard let ring = clinux_tap_map(tap.fileDescriptor) else {
            let error = Errno(rawValue: errno)
            throw SystemCallError(call: "mmap", errno: error, subject: "ring of a packet socket")
        }
        self.tap = tap
        self.ring = ring
        self.kept = .allocate(capacity: Self.mostKept)
        self.kept.initialize(repeating: Kept(), count: Self.mostKept)
        self.keptOctets = .allocate(byteCount: Self.mostKept * Self.snapshot, alignment: 8)
    }

    deinit {
        munmap(self.ring, Int(CLINUX_TAP_RING_SIZE))
        self.kept.deallocate()
        self.keptOctets.deallocate()
    }

    /// Whether something may be known of what was received until now: if not, all of it is as it came from its sender.
    ///
    /// - Parameter now: The time, in nanoseconds of the monotonic clock.
    /// - Returns: Whether something may be known.
    public func hasNews(at now: UInt64) -> Bool {
        if self.keptCount > 0 || !self.isComplete(at: now) { return true }
        return (0..<Self.lookAhead).contains { clinux_tap_has(self.ring, self.next &+ $0) != 0 }
    }

    /// Whether all doubtful packets that are received at a time were shown to the tap.
    ///
    /// - Parameter now: The time, in nanoseconds of the monotonic clock.
    /// - Returns: Whether they were.
    public func isComplete(at now: UInt64) -> Bool { now >= self.isIncompleteUntil }

    /// Tells what the kernel says of a packet that was received.
    ///
    /// - Parameters:
    ///   - inner: The inner packet.
    ///   - outerLength: Length of all headers in front of it, in octets.
    ///   - now: The time, in nanoseconds of the monotonic clock.
    /// - Returns: What it says; nil when it said nothing, or nothing that can be.
    public func header(of inner: RawSpan, behind outerLength: Int, at now: UInt64) -> VirtioNetHeader? {
        inner.withUnsafeBytes { inner in
            if let index = self.indexOfKept(inner, outerLength) { return self.take(index, outerLength) }
            self.noteIfFull(at: now)
            while self.waitForFrame(at: now) {
                var record = clinux_tap_record()
                let isSound = clinux_tap_read(self.ring, self.next, &record) == 0
                if record.has_lost != 0 { self.noteLoss(at: now) }
                if isSound, Self.isAbout(inner, record.octets, Int(record.length), outerLength) {
                    let origin = Int(record.link_header_length) + outerLength
                    let header = Self.header(record.header, origin: origin)
                    self.releaseFrame()
                    self.releaseRepetitions(of: inner, outerLength, on: record.interface_index)
                    return header
                }
                if isSound, !self.keep(record, at: now) {
                    self.noteGap(at: now)
                    return nil
                }
                self.releaseFrame()
            }
            return nil
        }
    }

    /// Forgets what nobody asked about since it was forgotten the last time; to be called about once a second.
    public func forgetOld(at now: UInt64) {
        for index in 0..<Self.mostKept where self.kept[index].waits {
            guard now &- self.kept[index].time > Self.longestWait else { continue }
            self.kept[index].waits = false
            self.keptCount -= 1
        }
        while self.oldCount > 0, clinux_tap_has(self.ring, self.next) != 0 { self.releaseFrame() }
        self.oldCount = 0
        while self.oldCount < Int(CLINUX_TAP_FRAMES),
            clinux_tap_has(self.ring, self.next &+ UInt32(self.oldCount)) != 0
        { self.oldCount += 1 }
    }

    // MARK: - The ring

    /// Whether a frame can be read; waits, no longer than a processor takes to fill one, when a later one can.
    private func waitForFrame(at now: UInt64) -> Bool {
        if clinux_tap_has(self.ring, self.next) != 0 { return true }
        guard (1..<Self.lookAhead).contains(where: { clinux_tap_has(self.ring, self.next &+ $0) != 0 }) else {
            return false
        }
        for _ in 0..<Self.mostSpins where clinux_tap_has(self.ring, self.next) != 0 { return true }
        self.noteGap(at: now)
        return false
    }

    private func releaseFrame() {
        clinux_tap_release(self.ring, self.next)
        self.next &+= 1
        if self.oldCount > 0 { self.oldCount -= 1 }
    }

    /// Gives back what shows the same packet again, on the bridge, bond or VLAN that its link belongs to.
    private func releaseRepetitions(
        of inner: UnsafeRawBufferPointer,
        _ outerLength: Int,
        on interface: UInt32
    ) {
        while clinux_tap_has(self.ring, self.next) != 0 {
            var record = clinux_tap_record()
            guard clinux_tap_read(self.ring, self.next, &record) == 0, record.has_lost == 0,
                record.interface_index != interface,
                Self.isAbout(inner, record.octets, Int(record.length), outerLength)
            else { return }
            self.releaseFrame()
        }
    }

    /// What comes to a full ring is lost, which the next frame tells, but there may be none.
    private func noteIfFull(at now: UInt64) {
        guard clinux_tap_has(self.ring, self.next &+ UInt32(CLINUX_TAP_FRAMES - 1)) != 0 else { return }
        self.noteGap(at: now)
    }

    private func noteLoss(at now: UInt64) {
        clinux_tap_forget_losses(self.tap.fileDescriptor)
        self.noteGap(at: now)
    }

    /// What is not found from now on may have been lost, or cannot be reached.
    private func noteGap(at now: UInt64) { self.isIncompleteUntil = now &+ Self.longestWait }

    // MARK: - What is kept

    /// Keeps what was not looked for yet.
    ///
    /// - Returns: Whether there is room, or what is in the way has waited long enough.
    private func keep(_ record: clinux_tap_record, at now: UInt64) -> Bool {
        guard !self.repeatsLastKept(record) else { return true }
        let place = self.place
        if self.kept[place].waits {
            guard now &- self.kept[place].time > Self.shortestStay else { return false }
        } else {
            self.keptCount += 1
        }
        let count = min(Int(record.length), Self.snapshot)
        self.kept[place] = Kept(
            time: now,
            origin: Int(record.link_header_length),
            count: count,
            header: Self.octets(of: record.header),
            interface: record.interface_index,
            waits: true
        )
        memcpy(self.keptOctets + place * Self.snapshot, record.octets, count)
        self.place = (place + 1) % Self.mostKept
        return true
    }

    /// Whether it shows the packet again that was kept last, on another interface.
    private func repeatsLastKept(_ record: clinux_tap_record) -> Bool {
        let last = (self.place + Self.mostKept - 1) % Self.mostKept
        guard let octets = record.octets, self.kept[last].waits, self.kept[last].count == Int(record.length),
            self.kept[last].interface != record.interface_index
        else { return false }
        return memcmp(self.keptOctets + last * Self.snapshot, octets, self.kept[last].count) == 0
    }

    private func indexOfKept(_ inner: UnsafeRawBufferPointer, _ outerLength: Int) -> Int? {
        guard self.keptCount > 0 else { return nil }
        // The oldest first.
        for step in 0..<Self.mostKept {
            let index = (self.place + step) % Self.mostKept
            guard self.kept[index].waits else { continue }
            let octets = UnsafeRawPointer(self.keptOctets + index * Self.snapshot)
            if Self.isAbout(inner, octets, self.kept[index].count, outerLength) { return index }
        }
        return nil
    }

    private func take(_ index: Int, _ outerLength: Int) -> VirtioNetHeader? {
        self.kept[index].waits = false
        self.keptCount -= 1
        let origin = self.kept[index].origin + outerLength
        return try? VirtioNetHeader(ofReceived: self.kept[index].header.span.bytes, origin: origin)
    }

    // MARK: - One of them

    /// Whether a beginning is that of a packet; what stands in front of the inner packet, filters may have changed since.
    private static func isAbout(
        _ inner: UnsafeRawBufferPointer,
        _ octets: UnsafeRawPointer?,
        _ length: Int,
        _ outerLength: Int
    ) -> Bool {
        guard let octets, let start = inner.baseAddress else { return false }
        let count = min(length - outerLength, inner.count)
        return count >= min(Self.leastOctets, inner.count) && memcmp(start, octets + outerLength, count) == 0
    }

    private static func octets(of header: UnsafePointer<UInt8>?) -> InlineArray<10, UInt8> {
        guard let header else { return InlineArray(repeating: 0) }
        return UnsafeRawPointer(header).loadUnaligned(as: InlineArray<10, UInt8>.self)
    }

    private static func header(_ header: UnsafePointer<UInt8>?, origin: Int) -> VirtioNetHeader? {
        try? VirtioNetHeader(ofReceived: Self.octets(of: header).span.bytes, origin: origin)
    }
}
