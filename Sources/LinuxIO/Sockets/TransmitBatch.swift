internal import CLinux
internal import Glibc
public import SystemPackage
public import Wire

/// Packets that leave with few system calls, in the order in which they were appended.
///
/// It holds pointers to the packets, not the packets: they must stay where they are until ``flush(on:segmentsOn:linksOn:)``.
/// All its memory is allocated once. One thread at a time may use a batch.
public final class TransmitBatch {
    /// What became of a batch.
    public struct Outcome: Hashable, Sendable {
        /// How many packets the kernel took.
        public let sent: Int

        /// How many messages it refused; ``TransmitBatch/failure(at:)`` tells which.
        public let failed: Int
    }

    /// A message that the kernel refused: one packet, or several segments.
    public struct Failure: Hashable, Sendable {
        /// Place of its first packet in the batch, in the order of appending.
        public let index: Int

        /// How many packets are in it.
        public let packets: Int

        /// Why: no room (`EAGAIN`, `ENOBUFS`), no way (`EHOSTUNREACH`, `ENETUNREACH`), too long (`EMSGSIZE`), forbidden (`EPERM`).
        public let errno: Errno

        /// Whether it was to go straight to a link.
        public var wasForLink = false

        /// Whether a queue was full, which another way would lead to as well.
        public var isLackOfRoom: Bool { self.errno.isLackOfRoom }
    }

    /// What the datagrams that leave as one message have in common.
    public struct Segments: Hashable, Sendable {
        /// Where they leave from.
        public var local: IPAddress
        /// Where they go.
        public var remote: IPAddress
        /// The port they go to, in host order.
        public var remotePort: UInt16
        /// DSCP and ECN.
        public var trafficClass: UInt8
        /// Payload of each but the last, which may have less, in octets.
        public var segmentSize: UInt16
        /// The flow label over IPv6.
        public var flowLabel: UInt32

        /// Creates a description.
        public init(
            from local: IPAddress,
            to remote: IPAddress,
            port: UInt16,
            trafficClass: UInt8,
            segmentSize: UInt16,
            flowLabel: UInt32 = 0
        ) {
            self.local = local
            self.remote = remote
            self.remotePort = port
            self.trafficClass = trafficClass
            self.segmentSize = segmentSize
            self.flowLabel = flowLabel
        }
    }

    private enum Channel {
        case single
        case segments
        case link
    }

    /// How many packets fit.
    public let capacity: Int

    // Written for each packet: see ``ReceiveBatch/count``.
    /// How many packets wait for ``flush(on:segmentsOn:linksOn:)``.
    @exclusivity(unchecked)
    public private(set) var count = 0

    private var messageCount = 0
    private let messages: UnsafeMutablePointer<clinux_mmsghdr>
    private let channels: UnsafeMutablePointer<Channel>
    private let firsts: UnsafeMutablePointer<Int>
    private let vectors: UnsafeMutablePointer<iovec>
    private let destinations: UnsafeMutablePointer<SocketAddress>
    private let controls: UnsafeMutableRawPointer
    private let failures: UnsafeMutablePointer<Failure>
    private var failureCount = 0

    private static let controlCapacity = Int(CLINUX_RUN_CONTROL_CAPACITY)

    /// Allocates the batch.
    ///
    /// - Parameter capacity: How many packets fit.
    public init(capacity: Int = 64) {
        precondition(capacity > 0, "no room for packets")
        self.capacity = capacity
        self.messages = .allocate(capacity: capacity)
        self.channels = .allocate(capacity: capacity)
        self.firsts = .allocate(capacity: capacity)
        self.vectors = .allocate(capacity: capacity)
        self.destinations = .allocate(capacity: capacity)
        self.controls = .allocate(
            byteCount: capacity * Self.controlCapacity,
            alignment: MemoryLayout<Int>.alignment
        )
        self.failures = .allocate(capacity: capacity)
        self.messages.initialize(repeating: clinux_mmsghdr(), count: capacity)
        self.channels.initialize(repeating: .single, count: capacity)
        self.firsts.initialize(repeating: 0, count: capacity)
        self.vectors.initialize(repeating: iovec(), count: capacity)
        self.destinations.initialize(repeating: SocketAddress(), count: capacity)
        let nothing = Failure(index: 0, packets: 0, errno: Errno(rawValue: 0))
        self.failures.initialize(repeating: nothing, count: capacity)
        for index in 0..<capacity {
            self.messages[index].msg_hdr.msg_name = UnsafeMutableRawPointer(self.destinations + index)
        }
    }

    deinit {
        self.messages.deallocate()
        self.channels.deallocate()
        self.firsts.deallocate()
        self.vectors.deallocate()
        self.destinations.deallocate()
        self.controls.deallocate()
        self.failures.deallocate()
    }

    /// Whether ``flush(on:segmentsOn:linksOn:)`` must come before the next packet.
    public var isFull: Bool { self.count == self.capacity }

    /// Adds a packet; traps when the batch is full.
    ///
    /// - Parameters:
    ///   - packet: Where it begins. Must stay valid until the batch is flushed.
    ///   - length: In octets.
    ///   - destination: Where the kernel is to send it.
    ///   - port: For UDP sockets, in host order; 0 for raw ones.
    public func append(_ packet: UnsafeRawPointer, length: Int, to destination: IPAddress, port: UInt16 = 0) {
        let index = self.beginMessage(.single, to: destination, port: port)
        self.messages[index].msg_hdr.msg_control = nil
        self.messages[index].msg_hdr.msg_controllen = 0
        self.extend(packet, length: length)
    }

    /// Adds an IPv4 packet that goes straight to a link; traps when the batch is full.
    ///
    /// - Parameters:
    ///   - packet: Where it begins; its header must be complete. Must stay valid until the batch is flushed.
    ///   - length: In octets.
    ///   - hop: Where it goes.
    public func append(_ packet: UnsafeRawPointer, length: Int, straightTo hop: NextHop) {
        let index = self.beginMessage(.link)
        UnsafeMutableRawPointer(self.destinations + index).storeBytes(
            of: sockaddr_ll(hop),
            as: sockaddr_ll.self
        )
        self.messages[index].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_ll>.size)
        self.messages[index].msg_hdr.msg_control = nil
        self.messages[index].msg_hdr.msg_controllen = 0
        self.extend(packet, length: length)
    }

    /// Begins a message that the kernel cuts into datagrams; ``appendSegment(_:length:)`` adds them.
    ///
    /// Traps when the batch is full.
    public func beginSegments(_ segments: Segments) {
        let index = self.beginMessage(.segments, to: segments.remote, port: segments.remotePort)
        self.messages[index].msg_hdr.msg_control = self.controls + index * Self.controlCapacity
        let version: CInt = AddressFamily(of: segments.remote) == .ipv4 ? 4 : 6
        let local = segments.local.mapped
        var octets = InlineArray<2, UInt64>(repeating: 0)
        octets[0] = local.high.bigEndian
        octets[1] = local.low.bigEndian
        octets.span.bytes.withUnsafeBytes { octets in
            clinux_write_segment_control(
                &self.messages[index].msg_hdr,
                version,
                segments.segmentSize,
                octets.baseAddress?.assumingMemoryBound(to: UInt8.self),
                segments.trafficClass,
                segments.flowLabel
            )
        }
    }

    /// Adds a datagram's payload to the message that was begun last; traps when the batch is full.
    public func appendSegment(_ payload: UnsafeRawPointer, length: Int) {
        self.extend(payload, length: length)
    }

    private func beginMessage(_ channel: Channel, to destination: IPAddress, port: UInt16) -> Int {
        let index = self.beginMessage(channel)
        self.destinations[index].set(destination, port: port)
        self.messages[index].msg_hdr.msg_namelen = self.destinations[index].length
        return index
    }

    private func beginMessage(_ channel: Channel) -> Int {
        precondition(!self.isFull, "the batch is full")
        let index = self.messageCount
        self.channels[index] = channel
        self.firsts[index] = self.count
        self.messages[index].msg_hdr.msg_iov = self.vectors + self.count
        self.messages[index].msg_hdr.msg_iovlen = 0
        self.messageCount = index + 1
        return index
    }

    private func extend(_ packet: UnsafeRawPointer, length: Int) {
        let place = self.count
        let message = self.messageCount - 1
        precondition(place < self.capacity && message >= 0, "the batch is full, or nothing was begun")
        self.vectors[place] = iovec(iov_base: UnsafeMutableRawPointer(mutating: packet), iov_len: length)
        self.messages[message].msg_hdr.msg_iovlen += 1
        self.count = place + 1
    }

    /// Sends everything and empties the batch; never waits, allocates nothing.
    ///
    /// A message that the kernel refuses costs only itself: the ones behind it are tried.
    ///
    /// - Parameters:
    ///   - fileDescriptor: Of a ``RawTransmitter`` or another socket.
    ///   - segmentDescriptor: Of the UDP socket that messages of segments leave from; not needed without any.
    ///   - linkDescriptor: Of the ``LinkTransmitter``; not needed when nothing goes straight to a link.
    /// - Returns: How many packets were sent and how many messages refused.
    public func flush(
        on fileDescriptor: CInt,
        segmentsOn segmentDescriptor: CInt = -1,
        linksOn linkDescriptor: CInt = -1
    ) -> Outcome {
        self.failureCount = 0
        var next = 0
        while next < self.messageCount {
            let channel = self.channels[next]
            var end = next + 1
            while end < self.messageCount, self.channels[end] == channel { end += 1 }
            switch channel {
            case .single: self.send(next..<end, on: fileDescriptor)
            case .segments: self.send(next..<end, on: segmentDescriptor)
            case .link: self.send(next..<end, on: linkDescriptor)
            }
            next = end
        }
        let refused = (0..<self.failureCount).reduce(0) { $0 + self.failures[$1].packets }
        let outcome = Outcome(sent: self.count - refused, failed: self.failureCount)
        self.count = 0
        self.messageCount = 0
        return outcome
    }

    private func send(_ range: Range<Int>, on fileDescriptor: CInt) {
        var next = range.lowerBound
        while next < range.upperBound {
            let rest = CUnsignedInt(range.upperBound - next)
            let start = self.messages + next
            switch attemptToSend({ clinux_sendmmsg(fileDescriptor, start, rest, CInt(MSG_DONTWAIT)) }) {
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
    }

    private func note(_ error: Errno, at index: Int) {
        self.failures[self.failureCount] = Failure(
            index: self.firsts[index],
            packets: Int(self.messages[index].msg_hdr.msg_iovlen),
            errno: error,
            wasForLink: self.channels[index] == .link
        )
        self.failureCount += 1
    }

    /// Tells one of the messages that the last ``flush(on:segmentsOn:linksOn:)`` could not send.
    ///
    /// - Parameter index: Under the outcome's ``Outcome/failed``; traps otherwise.
    /// - Returns: Which packets, and why.
    public func failure(at index: Int) -> Failure {
        precondition(index >= 0 && index < self.failureCount, "no such failure")
        return self.failures[index]
    }
}
