internal import CLinux
internal import Glibc
public import SystemPackage
public import Wire

/// Packets that leave with one system call.
///
/// It holds pointers to the packets, not the packets: they must stay where they are until ``flush(on:)``.
/// All its memory is allocated once. One thread at a time may use a batch.
public final class TransmitBatch {
    /// What became of a batch.
    public struct Outcome: Hashable, Sendable {
        /// How many packets the kernel took.
        public let sent: Int

        /// How many it refused; ``TransmitBatch/failure(at:)`` tells which.
        public let failed: Int
    }

    /// A packet that the kernel refused.
    public struct Failure: Hashable, Sendable {
        /// Its place in the batch, in the order of appending.
        public let index: Int

        /// Why: no room (`EAGAIN`, `ENOBUFS`), no way (`EHOSTUNREACH`, `ENETUNREACH`), too long (`EMSGSIZE`), forbidden (`EPERM`).
        public let errno: Errno
    }

    /// How many packets fit.
    public let capacity: Int

    /// How many packets wait for ``flush(on:)``.
    public private(set) var count = 0

    private let messages: UnsafeMutablePointer<clinux_mmsghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    private let destinations: UnsafeMutablePointer<SocketAddress>
    private let failures: UnsafeMutablePointer<Failure>
    private var failureCount = 0

    /// Allocates the batch.
    ///
    /// - Parameter capacity: How many packets fit.
    public init(capacity: Int = 64) {
        precondition(capacity > 0, "no room for packets")
        self.capacity = capacity
        self.messages = .allocate(capacity: capacity)
        self.vectors = .allocate(capacity: capacity)
        self.destinations = .allocate(capacity: capacity)
        self.failures = .allocate(capacity: capacity)
        self.messages.initialize(repeating: clinux_mmsghdr(), count: capacity)
        self.vectors.initialize(repeating: iovec(), count: capacity)
        self.destinations.initialize(repeating: SocketAddress(), count: capacity)
        self.failures.initialize(repeating: Failure(index: 0, errno: Errno(rawValue: 0)), count: capacity)
        for index in 0..<capacity {
            self.messages[index].msg_hdr.msg_name = UnsafeMutableRawPointer(self.destinations + index)
            self.messages[index].msg_hdr.msg_iov = self.vectors + index
            self.messages[index].msg_hdr.msg_iovlen = 1
        }
    }

    deinit {
        self.messages.deallocate()
        self.vectors.deallocate()
        self.destinations.deallocate()
        self.failures.deallocate()
    }

    /// Whether ``flush(on:)`` must come before the next packet.
    public var isFull: Bool { self.count == self.capacity }

    /// Adds a packet; traps when the batch is full.
    ///
    /// - Parameters:
    ///   - packet: Where it begins. Must stay valid until ``flush(on:)`` returns.
    ///   - length: In octets.
    ///   - destination: Where the kernel is to send it.
    ///   - port: For UDP sockets, in host order; 0 for raw ones.
    public func append(_ packet: UnsafeRawPointer, length: Int, to destination: IPAddress, port: UInt16 = 0) {
        precondition(!self.isFull, "the batch is full")
        let index = self.count
        self.vectors[index] = iovec(iov_base: UnsafeMutableRawPointer(mutating: packet), iov_len: length)
        self.destinations[index].set(destination, port: port)
        self.messages[index].msg_hdr.msg_namelen = self.destinations[index].length
        self.count = index + 1
    }

    /// Sends everything and empties the batch; never waits, allocates nothing.
    ///
    /// A packet that the kernel refuses costs only itself: the ones behind it are tried.
    ///
    /// - Parameter fileDescriptor: Of a ``RawTransmitter`` or another socket.
    /// - Returns: How many were sent and how many refused.
    public func flush(on fileDescriptor: CInt) -> Outcome {
        self.failureCount = 0
        var next = 0
        while next < self.count {
            let rest = CUnsignedInt(self.count - next)
            let start = self.messages + next
            switch attempt({ clinux_sendmmsg(fileDescriptor, start, rest, CInt(MSG_DONTWAIT)) }) {
            case .success(let sent) where sent > 0:
                next += Int(sent)
            case .success:
                self.note(.ioError, at: next)
                next += 1
            case .failure(let error):
                self.note(error, at: next)
                next += 1
            }
        }
        let outcome = Outcome(sent: self.count - self.failureCount, failed: self.failureCount)
        self.count = 0
        return outcome
    }

    private func note(_ error: Errno, at index: Int) {
        self.failures[self.failureCount] = Failure(index: index, errno: error)
        self.failureCount += 1
    }

    /// Tells one of the packets that the last ``flush(on:)`` could not send.
    ///
    /// - Parameter index: Under the outcome's ``Outcome/failed``; traps otherwise.
    /// - Returns: Which packet, and why.
    public func failure(at index: Int) -> Failure {
        precondition(index >= 0 && index < self.failureCount, "no such failure")
        return self.failures[index]
    }
}
