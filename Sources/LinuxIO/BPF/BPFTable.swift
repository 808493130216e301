internal import Glibc
public import Synchronization
internal import SystemPackage

/// A table that the kernel's programs and this process both see: an array of values of one size.
///
/// It is plain memory: no system call, and no privilege, is needed to read or write it. Words are read and written as a whole.
public final class BPFTable: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    /// Octets from one value to the next.
    public let stride: Int

    /// How many values there are.
    public let count: Int

    init(
        mapping fileDescriptor: CInt,
        named name: String,
        valueSize: Int,
        count: Int
    ) throws(SystemCallError) {
        self.stride = (valueSize + 7) & ~7
        self.count = count
        let length = self.stride * count
        let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, fileDescriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw SystemCallError(call: "mmap", errno: Errno(rawValue: errno), subject: "table \(name)")
        }
        self.memory = UnsafeMutableRawBufferPointer(start: address, count: length)
    }

    deinit { munmap(self.memory.baseAddress, self.memory.count) }

    /// A word of 64 bits in a value; traps beyond the table's end.
    ///
    /// - Parameters:
    ///   - offset: Where it begins in the value, in octets, a multiple of 8.
    ///   - index: Which value it is.
    /// - Returns: The word.
    public func word(at offset: Int, of index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        precondition(offset & 7 == 0 && offset + 8 <= self.stride && index >= 0 && index < self.count)
        let place = self.memory.baseAddress.unsafelyUnwrapped + index * self.stride + offset
        return place.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Writes over a whole value, which nobody reads meanwhile; traps when it is longer.
    public func write(_ octets: UnsafeRawBufferPointer, at index: Int) {
        precondition(octets.count <= self.stride && index >= 0 && index < self.count)
        let start = index * self.stride
        UnsafeMutableRawBufferPointer(rebasing: self.memory[start..<start + octets.count])
            .copyMemory(from: octets)
    }
}
