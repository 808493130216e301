internal import Glibc
internal import SystemPackage

/// Memory for packets that are made rather than received: slots of equal size in one mapping, allocated once.
public final class PacketArena {
    /// How many slots there are.
    public let capacity: Int

    /// Length of a slot, in octets.
    public let slotSize: Int

    private let memory: UnsafeMutableRawPointer

    /// Allocates the slots.
    ///
    /// - Parameters:
    ///   - capacity: How many.
    ///   - slotSize: Length of each, in octets. A power of two would put the slots' beginnings into the same few lines of
    ///     the first cache.
    /// - Throws: ``SystemCallError`` when there is no memory.
    public init(capacity: Int, slotSize: Int) throws(SystemCallError) {
        precondition(capacity > 0 && slotSize > 0, "no room for packets")
        let protection = PROT_READ | PROT_WRITE
        guard let memory = mmap(nil, capacity * slotSize, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { throw SystemCallError(call: "mmap", errno: Errno(rawValue: errno), subject: "packet memory") }
        self.capacity = capacity
        self.slotSize = slotSize
        self.memory = memory
    }

    deinit { munmap(self.memory, self.capacity * self.slotSize) }

    /// Points to a slot.
    ///
    /// - Parameter index: Under ``capacity``; traps otherwise.
    /// - Returns: Memory that is valid as long as the arena lives.
    public func slot(at index: Int) -> UnsafeMutableRawBufferPointer {
        precondition(index >= 0 && index < self.capacity, "no such slot")
        return UnsafeMutableRawBufferPointer(start: self.memory + index * self.slotSize, count: self.slotSize)
    }
}
