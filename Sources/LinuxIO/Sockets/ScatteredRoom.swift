internal import CLinux
internal import Glibc

/// Room for messages whose parts are to lie in different places; it is filled with places again and again, and its own memory
/// is allocated once.
///
/// The kernel fills the parts of a message one after the other, each to its end before it goes on with the next.
public final class ScatteredRoom {
    /// How many parts there can be.
    public let capacity: Int

    /// How many parts there are.
    public private(set) var count = 0

    /// How many of them, one after the other, are for one message.
    public private(set) var partsPerMessage = 1

    private let vectors: UnsafeMutablePointer<iovec>

    /// Allocates the memory.
    ///
    /// - Parameter capacity: How many parts there can be, 1 to 1024.
    public init(capacity: Int) {
        precondition((1...1024).contains(capacity), "no room, or more than the kernel takes")
        self.capacity = capacity
        self.vectors = .allocate(capacity: capacity)
        self.vectors.initialize(repeating: iovec(), count: capacity)
    }

    deinit { self.vectors.deallocate() }

    /// How many messages there is room for.
    public var messageCount: Int { self.count / self.partsPerMessage }

    /// Begins anew, without any parts.
    ///
    /// - Parameter partsPerMessage: How many parts each message has, 1 or more.
    public func begin(partsPerMessage: Int) {
        precondition(partsPerMessage > 0, "a message without parts")
        self.partsPerMessage = partsPerMessage
        self.count = 0
    }

    /// Adds a part, which must stay where it is until something was received; traps when there are as many as fit.
    public func append(_ part: UnsafeMutableRawBufferPointer) {
        let place = self.count
        precondition(place < self.capacity, "too many parts")
        self.vectors[place] = iovec(iov_base: part.baseAddress, iov_len: part.count)
        self.count = place + 1
    }

    /// The parts of a message, under ``messageCount``; there are ``partsPerMessage`` of them.
    func parts(ofMessage index: Int) -> UnsafeMutablePointer<iovec> {
        precondition(index >= 0 && index < self.messageCount, "no such message")
        return self.vectors + index * self.partsPerMessage
    }

    /// Reads a message into all parts.
    func read(from fileDescriptor: CInt) -> Int { readv(fileDescriptor, self.vectors, CInt(self.count)) }
}
