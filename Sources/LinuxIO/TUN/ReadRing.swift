internal import CLinux
internal import Glibc
internal import SystemPackage

/// Reads a TUN device many packets a system call, through io_uring(7): to the kernel each packet is a read of its own, but what a
/// system call costs is shared by all.
///
/// All its memory is allocated once. One thread at a time may use a ring, and the device must stay open as long as it lives. After
/// a process was killed that had one, the kernel takes some tens of milliseconds to let go of the device.
public final class ReadRing {
    /// How many packets one call can bring.
    public static let capacity = 32

    // Written for each packet, and by one thread at a time: see ``ReceiveBatch/count``.
    /// How many packets were asked for since the last ``read()``.
    @exclusivity(unchecked)
    public private(set) var count = 0

    private let ring: OpaquePointer
    private let rooms: UnsafeMutablePointer<iovec>
    private let results: UnsafeMutablePointer<CInt>
    private let name: String

    /// Makes a ring for a device.
    ///
    /// - Parameter device: What is read.
    /// - Throws: ``SystemCallError`` where the kernel has no io_uring (`ENOSYS`), or does not allow it (`EPERM`).
    public init(reading device: borrowing TUNDevice) throws(SystemCallError) {
        guard let ring = clinux_read_ring_make(device.fileDescriptor, CUnsignedInt(Self.capacity)) else {
            throw SystemCallError(call: "io_uring_setup", errno: Errno(rawValue: errno), subject: device.name)
        }
        self.ring = ring
        self.name = device.name
        self.rooms = .allocate(capacity: Self.capacity)
        self.results = .allocate(capacity: Self.capacity)
        self.rooms.initialize(repeating: iovec(), count: Self.capacity)
        self.results.initialize(repeating: -EAGAIN, count: Self.capacity)
    }

    deinit {
        clinux_read_ring_end(self.ring)
        self.rooms.deallocate()
        self.results.deallocate()
    }

    /// Whether ``read()`` must come before the next packet is asked for.
    public var isFull: Bool { self.count == Self.capacity }

    /// Asks for a packet; traps when the ring is full.
    ///
    /// - Parameter buffer: Room for it; what does not fit is lost. Must stay valid until ``read()``.
    public func append(_ buffer: UnsafeMutableRawBufferPointer) {
        precondition(!self.isFull, "the ring is full")
        self.rooms[self.count] = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        self.count += 1
    }

    /// Reads the packets that were asked for, without waiting; allocates nothing.
    ///
    /// - Throws: ``SystemCallError`` where the kernel can't read so: the ring must not be used any more then, but what
    ///   ``length(at:)`` tells is true.
    public func read() throws(SystemCallError) {
        let asked = CUnsignedInt(self.count)
        self.count = 0
        let result = clinux_read_ring_read(self.ring, self.rooms, asked, self.results)
        guard result < 0 else { return }
        throw SystemCallError(call: "io_uring_enter", errno: Errno(rawValue: -result), subject: self.name)
    }

    /// Tells what became of a packet that was asked for, after ``read()``.
    ///
    /// - Parameter index: Which one, from 0 on, in the order of asking, which is also the order of the packets.
    /// - Returns: The packet's length in octets, or nil when none waited.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func length(at index: Int) throws(SystemCallError) -> Int? {
        precondition(index >= 0 && index < Self.capacity, "no such packet")
        let result = self.results[index]
        if result >= 0 { return Int(result) }
        guard result != -EAGAIN else { return nil }
        throw TUNDevice.removed(
            SystemCallError(call: "read", errno: Errno(rawValue: -result), subject: self.name)
        )
    }
}
