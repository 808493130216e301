internal import Core

/// The slots that a worker reads packets into: few enough to stay in the CPU's caches, as the daemon's do.
final class Arena {
    static let slots = 64
    static let slotSize = 2048
    /// How many octets of a packet differ from packet to packet: its headers, with room to spare.
    static let headSize = 128

    private let memory: UnsafeMutableRawBufferPointer

    init() {
        self.memory = .allocate(byteCount: Self.slots * Self.slotSize, alignment: 64)
        self.memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { self.memory.deallocate() }

    /// A slot, as what the engine takes.
    @inline(__always)
    @_lifetime(borrow self)
    borrowing func packet(slot: Int, count: Int) -> PacketBuffer {
        let start = slot % Self.slots * Self.slotSize
        let bytes = UnsafeMutableRawBufferPointer(rebasing: self.memory[start..<start + Self.slotSize])
            .mutableBytes
        let range = PacketBuffer.headroom..<PacketBuffer.headroom + count
        return _overrideLifetime(PacketBuffer(bytes, range: range), borrowing: self)
    }

    /// Puts the head of a packet in a slot, as if the packet had just been received.
    @inline(__always)
    func receive(_ head: UnsafeRawPointer, slot: Int) {
        let start = slot % Self.slots * Self.slotSize + PacketBuffer.headroom
        let place = UnsafeMutableRawBufferPointer(rebasing: self.memory[start..<start + Self.headSize])
        place.copyMemory(from: UnsafeRawBufferPointer(start: head, count: Self.headSize))
    }
}
