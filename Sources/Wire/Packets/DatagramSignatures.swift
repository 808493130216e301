internal import CSHA1

/// Signatures of datagrams, worked out many at a time: where the CPU can, that takes a fraction of what they take one after
/// the other.
///
/// Allocates when it is made, and no more.
@safe
public struct DatagramSignatures: ~Copyable {
    /// How many are worked out together.
    public static var most: Int { Int(CSHA1_LANES) }

    private let messages: UnsafeMutablePointer<csha1_message>

    /// How many datagrams were added.
    public private(set) var count = 0

    /// Makes room for ``most`` datagrams.
    public init() {
        unsafe self.messages = .allocate(capacity: Self.most)
        unsafe self.messages.initialize(repeating: csha1_message(), count: Self.most)
    }

    deinit { unsafe self.messages.deallocate() }

    /// Whether there is no more room.
    public var isFull: Bool { self.count == Self.most }

    /// Adds a datagram.
    ///
    /// Traps when there is no room for it, or it has fewer than 44 octets.
    ///
    /// - Parameters:
    ///   - datagram: Its octets; what follows the header must stay as it is until ``compute()``.
    ///   - secret: What it is signed with.
    @unsafe
    public mutating func append(_ datagram: UnsafeRawBufferPointer, by secret: borrowing AYIYASecret) {
        precondition(!self.isFull, "no room for another signature")
        unsafe self.messages[self.count].set(datagram, signedBy: secret)
        self.count += 1
    }

    /// Works out the signatures of all.
    public mutating func compute() {
        unsafe csha1_digest(self.messages, self.count)
    }

    /// Works out the signatures of all, and writes each into its datagram, which must be memory that may be written; makes room
    /// for others.
    @unsafe
    public mutating func sign() {
        self.compute()
        for index in 0..<self.count {
            let distance = AYIYAPacket.headerLength - AYIYAPacket.Offset.signature
            unsafe self.messages[index].writeResult(inFrontOfBody: distance)
        }
        self.removeAll()
    }

    /// Tells a datagram's signature, after ``compute()``.
    ///
    /// - Parameter index: Which one of those that were added; traps when there were fewer.
    /// - Returns: The signature.
    public func signature(at index: Int) -> SHA1Digest {
        precondition(index >= 0 && index < self.count, "no such signature")
        return unsafe self.messages[index].result
    }

    /// Makes room for others.
    public mutating func removeAll() {
        self.count = 0
    }
}

extension AYIYASecret {
    /// SHA-1 of the datagram with the secret standing in the signature's place.
    ///
    /// Traps when the span has fewer than 44 octets.
    public func signature(of datagram: RawSpan) -> SHA1Digest {
        var message = unsafe csha1_message()
        return unsafe datagram.withUnsafeBytes { octets in
            unsafe message.set(octets, signedBy: self)
            unsafe csha1_digest(&message, 1)
            return unsafe message.result
        }
    }
}

extension csha1_message {
    /// Makes it what a datagram's signature is the digest of.
    @unsafe
    fileprivate mutating func set(_ datagram: UnsafeRawBufferPointer, signedBy secret: AYIYASecret) {
        let start = AYIYAPacket.Offset.signature
        precondition(datagram.count >= AYIYAPacket.headerLength, "no datagram of AYIYA")
        unsafe withUnsafeMutableBytes(of: &self.head) { head in
            unsafe head.copyMemory(from: UnsafeRawBufferPointer(rebasing: datagram[..<start]))
            let digest = secret.digest.octets
            unsafe head.storeBytes(of: digest, toByteOffset: start, as: InlineArray<20, UInt8>.self)
        }
        unsafe self.head_count = AYIYAPacket.headerLength
        unsafe self.setBody(UnsafeRawBufferPointer(rebasing: datagram[AYIYAPacket.headerLength...]))
    }
}
