internal import CLinux
internal import Glibc
public import Wire

/// A packet for a TUN device whose parts lie in different places, with its offload header; one after the other is put
/// together in the same memory, allocated once.
public final class GatheredPacket {
    private let vectors: UnsafeMutablePointer<iovec>
    private let header: UnsafeMutableRawBufferPointer
    private let capacity: Int
    private var count = 1

    /// Allocates the memory.
    ///
    /// - Parameter capacity: How many parts a packet may have.
    public init(capacity: Int) {
        self.capacity = capacity
        self.vectors = .allocate(capacity: capacity + 1)
        self.vectors.initialize(repeating: iovec(), count: capacity + 1)
        self.header = .allocate(byteCount: VirtioNetHeader.length, alignment: 8)
        self.vectors[0] = iovec(iov_base: self.header.baseAddress, iov_len: self.header.count)
    }

    deinit {
        self.vectors.deallocate()
        self.header.deallocate()
    }

    /// Begins another packet.
    public func begin(_ header: VirtioNetHeader) {
        var bytes = MutableRawSpan(_unsafeBytes: self.header)
        header.encode(into: &bytes, at: 0)
        self.count = 1
    }

    /// Adds a part, which must stay where it is until the packet is written; traps when there are as many as fit.
    public func append(_ part: UnsafeRawBufferPointer) {
        precondition(self.count <= self.capacity, "too many parts")
        self.vectors[self.count] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress),
            iov_len: part.count
        )
        self.count += 1
    }

    /// Writes the packet to a device.
    func write(to fileDescriptor: CInt) -> Int {
        clinux_writev(fileDescriptor, self.vectors, CInt(self.count))
    }
}
