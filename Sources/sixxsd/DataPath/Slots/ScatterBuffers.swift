import Core
import LinuxIO
import Wire

/// Slots that the kernel fills with the packets which it hands over as one, each where the engine will need it.
///
/// Nothing else is ever written into them: what was read stays until its packets were sent, whatever is copied or flushed
/// between.
struct ScatterBuffers {
    private let arena: PacketArena
    /// Keeps a message's headers as they came, while those of its packets are completed.
    private let headers: PacketArena
    /// The parts that the next message or messages go to.
    let room: ScatteredRoom
    /// How they are arranged: most often as they were before.
    private var arrangement: Arrangement?

    private struct Arrangement: Hashable {
        var layout: ScatterLayout
        var front: Int
        var first: Int
        var messages: Int
    }

    init(capacity: Int, slotSize: Int) throws(SystemCallError) {
        self.arena = try PacketArena(capacity: capacity, slotSize: slotSize)
        self.headers = try PacketArena(capacity: 1, slotSize: slotSize)
        self.room = ScatteredRoom(capacity: capacity)
    }

    /// How many slots there are.
    var capacity: Int { self.arena.capacity }

    /// Points to a slot.
    func slot(at index: Int) -> UnsafeMutableRawBufferPointer { self.arena.slot(at: index) }

    /// Plans for messages like one that stood for several packets.
    ///
    /// - Returns: The layout; nil when such messages are better read whole.
    func layout(headerLength: Int, segmentSize: Int) -> ScatterLayout? {
        ScatterLayout(
            headerLength: headerLength,
            segmentSize: segmentSize,
            room: self.arena.slotSize - PacketBuffer.headroom,
            capacity: self.capacity
        )
    }

    /// Makes room for messages, one behind the other.
    ///
    /// - Parameters:
    ///   - layout: How each is to lie.
    ///   - front: What the kernel puts in front of each, in octets.
    ///   - first: The first slot.
    ///   - messages: How many, no more than fit.
    mutating func makeRoom(for layout: ScatterLayout, front: Int, at first: Int, messages: Int = 1) {
        let wanted = Arrangement(layout: layout, front: front, first: first, messages: messages)
        guard wanted != self.arrangement else { return }
        self.arrangement = wanted
        self.room.begin(partsPerMessage: layout.slots)
        for message in 0..<messages {
            for index in 0..<layout.slots {
                let slot = self.slot(at: first + message * layout.slots + index)
                let part = layout.part(index, front: front)
                self.room.append(UnsafeMutableRawBufferPointer(rebasing: slot[part]))
            }
        }
    }

    /// Makes room for as many messages as fit, or for none when there is no layout, and they go where they always do.
    ///
    /// - Returns: How many can be received.
    mutating func makeRoom(for layout: ScatterLayout?, messages: Int) -> Int {
        guard let layout else { return messages }
        let count = min(messages, self.capacity / layout.slots)
        self.makeRoom(for: layout, front: 0, at: 0, messages: count)
        return count
    }

    /// Copies a message's headers to where nothing changes them.
    ///
    /// - Parameters:
    ///   - layout: How long they are.
    ///   - first: The message's first slot.
    /// - Returns: The copy, as it stays until the next.
    func copyHeaders(of layout: ScatterLayout, at first: Int) -> UnsafeRawBufferPointer {
        let place = PacketBuffer.headroom..<PacketBuffer.headroom + layout.headerLength
        let copy = UnsafeMutableRawBufferPointer(rebasing: self.headers.slot(at: 0)[..<layout.headerLength])
        copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.slot(at: first)[place]))
        return UnsafeRawBufferPointer(copy)
    }

    /// Puts the parts of a message together that is not what was expected.
    ///
    /// - Parameters:
    ///   - layout: How it lies.
    ///   - front: What the kernel put in front of it, in octets.
    ///   - first: Its first slot.
    ///   - octets: Its length, with what is in front; no more than the layout has room for.
    ///   - target: Room for it all.
    func gather(
        _ layout: ScatterLayout,
        front: Int,
        at first: Int,
        octets: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var done = 0
        for index in 0..<layout.slots where done < octets {
            let part = self.slot(at: first + index)[layout.part(index, front: front)]
            let count = min(part.count, octets - done)
            let room = UnsafeMutableRawBufferPointer(rebasing: target[done..<done + count])
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: part.prefix(count)))
            done += count
        }
    }
}
