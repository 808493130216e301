internal import CLinux
internal import Glibc
internal import SystemPackage

/// Reads and writes many packets of a TUN device with a system call, through io_uring(7): to the kernel each is a read or a write
/// of its own, but what a system call costs is shared by all.
///
/// All its memory is allocated once. One thread at a time may use a ring, and the device must stay open as long as it lives. After
/// a process was killed that had one, the kernel takes some tens of milliseconds to let go of the device.
public final class DeviceRing {
    /// How many packets one call can move.
    public static let capacity = 64

    // Written for each packet, and by one thread at a time: see ``ReceiveBatch/count``.
    /// How many packets were appended since the last ``read()`` or ``write()``.
    @exclusivity(unchecked)
    public private(set) var count = 0

    private let ring: OpaquePointer
    private let parts: UnsafeMutablePointer<iovec>
    private let results: UnsafeMutablePointer<CInt>
    private let name: String

    /// Makes a ring for a device.
    ///
    /// - Parameter device: What is read and written.
    /// - Throws: ``SystemCallError`` where the kernel has no io_uring (`ENOSYS`), does not allow it (`EPERM`), or can't read a TUN
    ///   device so without waiting (`EOPNOTSUPP` or `EINVAL`, before Linux 5.7).
    public init(for device: borrowing TUNDevice) throws(SystemCallError) {
        guard let ring = clinux_ring_make(device.fileDescriptor, CUnsignedInt(Self.capacity)) else {
            throw SystemCallError(call: "io_uring_setup", errno: Errno(rawValue: errno), subject: device.name)
        }
        self.ring = ring
        self.name = device.name
        self.parts = .allocate(capacity: Self.capacity)
        self.results = .allocate(capacity: Self.capacity)
        self.parts.initialize(repeating: iovec(), count: Self.capacity)
        self.results.initialize(repeating: -EAGAIN, count: Self.capacity)
    }

    deinit {
        clinux_ring_end(self.ring)
        self.parts.deallocate()
        self.results.deallocate()
    }

    /// Has the kernel keep the slots of a batch in place, so that it need not look up for each packet where it is to go.
    ///
    /// Once for each ring; the batch must live as long.
    ///
    /// - Throws: ``SystemCallError``, `ENOMEM` where the process may not lock so much memory (`RLIMIT_MEMLOCK`): the ring works as
    ///   before.
    public func pin(_ batch: ReceiveBatch) throws(SystemCallError) {
        let memory = batch.memory
        let result = clinux_ring_pin(self.ring, memory.baseAddress, memory.count)
        guard result < 0 else { return }
        throw SystemCallError(call: "io_uring_register", errno: Errno(rawValue: -result), subject: self.name)
    }

    /// Whether ``read()`` or ``write()`` must come before the next packet is appended.
    public var isFull: Bool { self.count == Self.capacity }

    /// Appends a packet that is to be read or written; traps when the ring is full.
    ///
    /// - Parameter buffer: Room for it, and what does not fit is lost; or the packet, with the offload header in front if the device
    ///   has one. Must stay valid until ``read()`` or ``write()``.
    public func append(_ buffer: UnsafeMutableRawBufferPointer) {
        precondition(!self.isFull, "the ring is full")
        self.parts[self.count] = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        self.count += 1
    }

    /// Reads the packets that were appended, without waiting; allocates nothing.
    ///
    /// - Throws: ``SystemCallError`` where the kernel does not serve the ring: it must not be used any more then, but what
    ///   ``length(at:)`` tells is true.
    public func read() throws(SystemCallError) { try self.transfer(CLINUX_RING_READ) }

    /// Writes the packets that were appended, without waiting; allocates nothing.
    ///
    /// - Throws: ``SystemCallError`` as ``read()`` does; what ``isWritten(at:)`` tells is true.
    public func write() throws(SystemCallError) { try self.transfer(CLINUX_RING_WRITE) }

    private func transfer(_ direction: Int) throws(SystemCallError) {
        let count = CUnsignedInt(self.count)
        self.count = 0
        let result = clinux_ring_transfer(self.ring, CInt(direction), self.parts, count, self.results)
        guard result < 0 else { return }
        throw SystemCallError(call: "io_uring_enter", errno: Errno(rawValue: -result), subject: self.name)
    }

    /// Tells what became of a packet that was to be read, after ``read()``.
    ///
    /// - Parameter index: Which one, from 0 on, in the order of appending, which is also the order of the packets.
    /// - Returns: The packet's length in octets, or nil when none waited.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func length(at index: Int) throws(SystemCallError) -> Int? {
        let result = self.result(at: index)
        if result >= 0 { return Int(result) }
        guard result != -EAGAIN else { return nil }
        throw TUNDevice.removed(
            SystemCallError(call: "read", errno: Errno(rawValue: -result), subject: self.name)
        )
    }

    /// Tells whether the kernel took a packet that was to be written, after ``write()``.
    ///
    /// - Parameter index: Which one, from 0 on, in the order of appending.
    /// - Returns: Whether it did; if not, for one of the reasons of ``TUNDevice/write(_:)``.
    public func isWritten(at index: Int) -> Bool { self.result(at: index) >= 0 }

    private func result(at index: Int) -> CInt {
        precondition(index >= 0 && index < Self.capacity, "no such packet")
        return self.results[index]
    }
}
