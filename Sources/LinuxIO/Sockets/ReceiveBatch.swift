internal import CLinux
internal import Glibc
internal import SystemPackage
internal import Wire

/// Room for many datagrams, received with one system call.
///
/// All memory is allocated once, the slots in one page-aligned mapping that the kernel fills with pages only
/// as they are used. A datagram begins ``headroom`` octets into its slot, so that a header can be written in
/// front of it. One thread at a time may use a batch.
public final class ReceiveBatch {
    /// How many datagrams one call can bring.
    public let capacity: Int

    /// Length of a slot, headroom included, in octets.
    public let slotSize: Int

    /// Octets left free in front of each datagram.
    public let headroom: Int

    private let slots: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<clinux_mmsghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    private let sources: UnsafeMutablePointer<SocketAddress>
    private let controls: UnsafeMutableRawPointer

    // Read for each datagram, and by one thread at a time: checking at run time that nobody writes meanwhile would cost more
    // than all else that is done with it.
    /// How many datagrams the last ``receive(from:)`` brought.
    @exclusivity(unchecked)
    public private(set) var count = 0

    private static let controlCapacity = Int(CLINUX_CONTROL_CAPACITY)

    /// Allocates the batch.
    ///
    /// - Parameters:
    ///   - capacity: How many datagrams one call can bring.
    ///   - slotSize: Length of a slot, in octets; 65,536 and the headroom hold any datagram.
    ///   - headroom: Octets left free in front, less than the slot's length.
    /// - Throws: ``SystemCallError`` when there is no memory.
    public init(capacity: Int = 64, slotSize: Int, headroom: Int) throws(SystemCallError) {
        precondition(capacity > 0 && headroom >= 0 && headroom < slotSize, "no room in the slots")
        self.capacity = capacity
        self.slotSize = slotSize
        self.headroom = headroom
        guard
            let slots = mmap(
                nil,
                capacity * slotSize,
                PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS,
                -1,
                0
            ),
            slots != MAP_FAILED
        else {
            throw SystemCallError(call: "mmap", errno: Errno(rawValue: errno), subject: "receive buffers")
        }
        self.slots = slots
        self.messages = .allocate(capacity: capacity)
        self.vectors = .allocate(capacity: capacity)
        self.sources = .allocate(capacity: capacity)
        self.controls = .allocate(
            byteCount: capacity * Self.controlCapacity,
            alignment: MemoryLayout<Int>.alignment
        )
        for index in 0..<capacity { self.prepare(index) }
    }

    deinit {
        munmap(self.slots, self.capacity * self.slotSize)
        self.messages.deallocate()
        self.vectors.deallocate()
        self.sources.deallocate()
        self.controls.deallocate()
    }

    /// All slots, as long as the batch lives.
    var memory: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: self.slots, count: self.capacity * self.slotSize)
    }

    private func prepare(_ index: Int) {
        self.sources.advanced(by: index).initialize(to: SocketAddress())
        self.vectors.advanced(by: index).initialize(
            to: iovec(
                iov_base: self.slots + index * self.slotSize + self.headroom,
                iov_len: self.slotSize - self.headroom
            )
        )
        self.messages.advanced(by: index).initialize(to: clinux_mmsghdr())
        self.messages[index].msg_hdr.msg_control = self.controls + index * Self.controlCapacity
    }

    /// Makes a header ready for a call, whatever the kernel wrote into it in the one before.
    private func rearm(_ index: Int, telling origins: Bool, into room: ScatteredRoom?) {
        self.messages[index].msg_hdr.msg_iov = room?.parts(ofMessage: index) ?? self.vectors + index
        self.messages[index].msg_hdr.msg_iovlen = room?.partsPerMessage ?? 1
        self.messages[index].msg_hdr.msg_name = origins ? UnsafeMutableRawPointer(self.sources + index) : nil
        self.messages[index].msg_hdr.msg_namelen = socklen_t(MemoryLayout<SocketAddress>.size)
        self.messages[index].msg_hdr.msg_controllen = Self.controlCapacity
        self.messages[index].msg_hdr.msg_flags = 0
    }

    /// Receives what waits on a socket, up to the capacity, without waiting; allocates nothing.
    ///
    /// What the previous call brought is overwritten.
    ///
    /// - Parameters:
    ///   - fileDescriptor: A datagram or raw socket.
    ///   - limit: How many datagrams to take at most, 1 or more; nil for the capacity.
    ///   - origins: Whether ``datagram(at:)`` can tell where they came from. If not, only ``length(at:)`` may be asked.
    ///   - room: Where the datagrams go instead of into the slots, no more than it has room for; nothing that tells of slots
    ///     is about them then.
    /// - Returns: How many datagrams came; 0 when none waits.
    /// - Throws: ``SystemCallError``; a connected socket reports ICMP errors this way (`ECONNREFUSED`).
    public func receive(
        from fileDescriptor: CInt,
        atMost limit: Int? = nil,
        tellingOrigins origins: Bool = true,
        into room: ScatteredRoom? = nil
    ) throws(SystemCallError) -> Int {
        let most = min(limit ?? self.capacity, room?.messageCount ?? self.capacity, self.capacity)
        for index in 0..<most { self.rearm(index, telling: origins, into: room) }
        self.count = 0
        let flags = CInt(MSG_DONTWAIT)
        switch attempt({ clinux_recvmmsg(fileDescriptor, self.messages, CUnsignedInt(most), flags) }) {
        case .success(let count): self.count = Int(count)
        case .failure(let error) where error.isWouldBlock: break
        case .failure(let error): throw SystemCallError(call: "recvmmsg", errno: error)
        }
        return self.count
    }

    /// Tells how many octets of a datagram were received, without looking at what else the kernel says.
    ///
    /// - Parameter index: Under ``count``; traps otherwise.
    /// - Returns: The length.
    public func length(at index: Int) -> Int {
        precondition(index >= 0 && index < self.count, "no such datagram")
        return Int(self.messages[index].msg_len)
    }

    /// Tells what the kernel says about a datagram.
    ///
    /// - Parameter index: Under ``count``; traps otherwise.
    /// - Returns: Its length and where it came from.
    public func datagram(at index: Int) -> ReceivedDatagram {
        precondition(index >= 0 && index < self.count, "no such datagram")
        let message = self.messages + index
        let source = self.sources[index]
        var control = clinux_control()
        withUnsafePointer(to: &message.pointee.msg_hdr) { clinux_read_control($0, &control) }
        return ReceivedDatagram(
            length: Int(message.pointee.msg_len),
            isTruncated: message.pointee.msg_hdr.msg_flags & CInt(MSG_TRUNC) != 0,
            source: source.address,
            sourcePort: source.port,
            localAddress: Self.localAddress(control),
            wasSentToGroup: control.was_to_group != 0,
            interfaceIndex: control.interface_index == 0 ? nil : control.interface_index,
            trafficClass: UInt8(clamping: control.traffic_class),
            segmentSize: control.segment_size == 0 ? nil : Int(control.segment_size),
            hopLimit: UInt8(exactly: control.hop_limit)
        )
    }

    private static func localAddress(_ control: clinux_control) -> IPAddress? {
        guard control.local_version != 0 else { return nil }
        return withUnsafeBytes(of: control.local_address) { IPAddress(networkOrder: $0, at: 0) }
    }

    /// Points to a whole slot: the headroom, the datagram, and what is free behind it.
    ///
    /// - Parameter index: Under ``capacity``; traps otherwise.
    /// - Returns: Memory that is valid as long as the batch lives; the next ``receive(from:)`` overwrites it.
    public func slot(at index: Int) -> UnsafeMutableRawBufferPointer {
        precondition(index >= 0 && index < self.capacity, "no such slot")
        return UnsafeMutableRawBufferPointer(start: self.slots + index * self.slotSize, count: self.slotSize)
    }

    /// Lends a whole slot: the headroom, the datagram, and what is free behind it.
    ///
    /// - Parameters:
    ///   - index: Under ``capacity``; traps otherwise.
    ///   - body: What to do with it.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws.
    public func withSlot<Value: ~Copyable, Failure: Error>(
        at index: Int,
        _ body: (inout MutableRawSpan) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        var span = MutableRawSpan(_unsafeBytes: self.slot(at: index))
        return try body(&span)
    }

    /// Lends a datagram, as it came.
    ///
    /// - Parameter index: Under ``count``; traps otherwise.
    /// - Returns: Its octets.
    @_lifetime(borrow self)
    public func payload(at index: Int) -> RawSpan {
        precondition(index >= 0 && index < self.count, "no such datagram")
        let start = self.slots + index * self.slotSize + self.headroom
        let span = RawSpan(_unsafeStart: start, byteCount: Int(self.messages[index].msg_len))
        return _overrideLifetime(span, borrowing: self)
    }
}
