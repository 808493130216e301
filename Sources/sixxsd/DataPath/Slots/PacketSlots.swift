import Core
import LinuxIO
import Wire

/// The memory that packets lie in from the time they are read until they were sent; allocated once.
struct PacketSlots: ~Copyable {
    /// The longest packet, in octets, and the room in front of it; not whole pages but three lines of the cache more, so that
    /// the slots' beginnings fall into different ones.
    private static let slotSize = 17 * 4096 + 3 * 64

    /// A packet of 2048 octets, and the room in front of it and behind; 37 lines of the cache, so that the slots'
    /// beginnings fall into different ones.
    private static let segmentSlotSize = 37 * 64

    /// Takes what one system call receives.
    let received: ReceiveBatch
    /// Second buffers for the engine; those whose packet waits to be sent come first.
    let spares: ReceiveBatch
    var usedSpares = 0
    /// Takes the packets that another was cut up into; those that wait to be sent come first.
    let segments: PacketArena
    var usedSegments = 0
    /// Takes one of those that is larger than any tunnel's, which nothing waits in.
    let largeSegment: PacketArena
    /// Takes packets that the kernel hands over as one, where that was foreseen.
    var scatterBuffers: ScatterBuffers

    init(capacity: Int) throws(SystemCallError) {
        let headroom = PacketBuffer.headroom
        let received = try ReceiveBatch(capacity: capacity, slotSize: Self.slotSize, headroom: headroom)
        let spares = try ReceiveBatch(capacity: capacity, slotSize: Self.slotSize, headroom: headroom)
        let segments = try PacketArena(capacity: 2 * capacity, slotSize: Self.segmentSlotSize)
        let largeSegment = try PacketArena(capacity: 1, slotSize: Self.slotSize)
        self.scatterBuffers = try ScatterBuffers(capacity: capacity, slotSize: Self.segmentSlotSize)
        self.received = received
        self.spares = spares
        self.segments = segments
        self.largeSegment = largeSegment
    }

    /// Has all slots be free for what comes next.
    mutating func freeAll() {
        self.usedSpares = 0
        self.usedSegments = 0
    }
}
