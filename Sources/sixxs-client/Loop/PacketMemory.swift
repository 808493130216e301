/// Memory for one packet, allocated once, in a place that stays the same.
final class PacketMemory {
    /// The octets; valid as long as this object lives.
    let octets: UnsafeMutableRawBufferPointer

    /// Allocates zeroed memory.
    init(byteCount: Int) {
        self.octets = .allocate(byteCount: byteCount, alignment: 64)
        self.octets.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        self.octets.deallocate()
    }
}
