import Core
import LinuxIO
import Wire

/// Slots that the kernel fills with the packets which it hands over as one, each where the engine will need it.
///
/// Nothing else is ever written into them: what landed stays until its packets were sent, whatever is copied or flushed
/// between.
struct Landings {
    private let arena: PacketArena
    /// Keeps a message's headers as they came, while those of its packets are completed.
    private let headers: PacketArena
    /// The parts that the next message or messages go to.
    let room: ScatteredRoom
    /// How they are arranged: most often as they were before.
    private var arrangement: Arrangement?

    private struct Arrangement: Hashable {
        var plan: LandingPlan
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
    /// - Returns: The plan; nil when such messages are better read whole.
    func plan(headerLength: Int, segmentSize: Int) -> LandingPlan? {
        LandingPlan(
            headerLength: headerLength,
            segmentSize: segmentSize,
            room: self.arena.slotSize - PacketBuffer.headroom,
            capacity: self.capacity
        )
    }

    /// Makes room for messages, one behind the other.
    ///
    /// - Parameters:
    ///   - plan: How each is to lie.
    ///   - front: What the kernel puts in front of each, in octets.
    ///   - first: The first slot.
    ///   - messages: How many, no more than fit.
    mutating func makeRoom(for plan: LandingPlan, front: Int, at first: Int, messages: Int = 1) {
        let wanted = Arrangement(plan: plan, front: front, first: first, messages: messages)
        guard wanted != self.arrangement else { return }
        self.arrangement = wanted
        self.room.begin(partsPerMessage: plan.slots)
        for message in 0..<messages {
            for index in 0..<plan.slots {
                let slot = self.slot(at: first + message * plan.slots + index)
                let part = plan.part(index, front: front)
                self.room.append(UnsafeMutableRawBufferPointer(rebasing: slot[part]))
            }
        }
    }

    /// Makes room for as many messages as fit, or for none when there is no plan, and they go where they always do.
    ///
    /// - Returns: How many can be received.
    mutating func makeRoom(for plan: LandingPlan?, messages: Int) -> Int {
        guard let plan else { return messages }
        let count = min(messages, self.capacity / plan.slots)
        self.makeRoom(for: plan, front: 0, at: 0, messages: count)
        return count
    }

    /// Copies a message's headers to where nothing changes them.
    ///
    /// - Parameters:
    ///   - plan: How long they are.
    ///   - first: The message's first slot.
    /// - Returns: The copy, as it stays until the next.
    func copyHeaders(of plan: LandingPlan, at first: Int) -> UnsafeRawBufferPointer {
        let place = PacketBuffer.headroom..<PacketBuffer.headroom + plan.headerLength
        let copy = UnsafeMutableRawBufferPointer(rebasing: self.headers.slot(at: 0)[..<plan.headerLength])
        copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.slot(at: first)[place]))
        return UnsafeRawBufferPointer(copy)
    }

    /// Puts the parts of a message together that is not what was expected.
    ///
    /// - Parameters:
    ///   - plan: How it lies.
    ///   - front: What the kernel put in front of it, in octets.
    ///   - first: Its first slot.
    ///   - octets: Its length, with what is in front; no more than the plan has room for.
    ///   - target: Room for it all.
    func gather(
        _ plan: LandingPlan,
        front: Int,
        at first: Int,
        octets: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        var done = 0
        for index in 0..<plan.slots where done < octets {
            let part = self.slot(at: first + index)[plan.part(index, front: front)]
            let count = min(part.count, octets - done)
            let room = UnsafeMutableRawBufferPointer(rebasing: target[done..<done + count])
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: part.prefix(count)))
            done += count
        }
    }
}
