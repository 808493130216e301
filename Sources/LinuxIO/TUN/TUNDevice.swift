internal import CLinux
internal import Glibc
internal import SystemPackage
internal import Wire

/// A TUN device: a network interface whose packets this process reads and writes.
///
/// Non-blocking, one IP packet per read and write, with an ``Wire/VirtioNetHeader`` in front when ``offloads`` says so. The device disappears with the value
/// unless it was made persistent by somebody else.
public struct TUNDevice: ~Copyable, Sendable {
    /// The longest name of an interface, in octets.
    public static let maximumNameLength = 15

    /// The interface's name.
    public let name: String

    /// What may be in one packet; nil when packets have no header in front that could say so.
    public let offloads: TUNOffloads?

    /// Octets in front of each packet that is read or written.
    public var headerLength: Int { self.offloads == nil ? 0 : VirtioNetHeader.length }

    private let descriptor: OwnedDescriptor

    /// For pollers.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Creates the device, or attaches to a persistent one that nobody has open.
    ///
    /// - Parameters:
    ///   - name: 1 to 15 octets; `%d` in it is replaced by the lowest free number.
    ///   - wantsOffloads: Whether the kernel may hand over several packets as one, where it can.
    ///   - isOneOfSeveral: Whether other values of this process read and write the same device (IFF_MULTI_QUEUE); all packets
    ///     of a flow are read by one of them (``spreadFlows()``).
    /// - Throws: ``SystemCallError`` that says which name, and whether another program has it.
    public init(
        name: String,
        wantsOffloads: Bool = false,
        isOneOfSeveral: Bool = false
    ) throws(SystemCallError) {
        guard (1...Self.maximumNameLength).contains(name.utf8.count) else {
            throw SystemCallError(
                call: "ioctl(TUNSETIFF)",
                errno: .invalidArgument,
                subject: name,
                explanation: "a device's name has 1 to \(Self.maximumNameLength) octets"
            )
        }
        let descriptor = try Self.openCloneDevice()
        var buffer = InlineArray<16, CChar>(repeating: 0)
        for (index, octet) in name.utf8.enumerated() { buffer[index] = CChar(bitPattern: octet) }
        do throws(SystemCallError) {
            try systemCall("ioctl(TUNSETIFF)", about: name) {
                var span = buffer.mutableSpan
                return span.withUnsafeMutableBufferPointer { name in
                    Self.attemptUntilReleased {
                        clinux_tun_attach(
                            descriptor.rawValue,
                            name.baseAddress,
                            wantsOffloads ? 1 : 0,
                            isOneOfSeveral ? 1 : 0
                        )
                    }
                }
            }
        } catch {
            throw Self.explain(error, isOneOfSeveral: isOneOfSeveral)
        }
        self.name = Self.text(of: buffer)
        self.offloads = wantsOffloads ? TUNOffloads.granted(on: descriptor.rawValue) : nil
        self.descriptor = descriptor
    }

    /// Attaches to a device, which a process that was killed may have had until now: the kernel lets go of it some tens of
    /// milliseconds later when it was used through a ``DeviceRing``.
    private static func attemptUntilReleased(_ attach: () -> CInt) -> CInt {
        for _ in 0..<50 {
            let result = attach()
            guard result < 0, errno == EBUSY || errno == EINVAL else { return result }
            usleep(10_000)
        }
        return attach()
    }

    /// Has the kernel spread flows over the device's queues by their addresses and ports, where it can.
    ///
    /// Otherwise it remembers which queue wrote a flow's last packet, and brings that up to date with each that is written.
    ///
    /// - Returns: Whether it can.
    public func spreadFlows() -> Bool { clinux_tun_spread_flows(self.fileDescriptor) == 0 }

    private static func openCloneDevice() throws(SystemCallError) -> OwnedDescriptor {
        try OwnedDescriptor("open", about: "/dev/net/tun") {
            open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        }
    }

    private static func text(of buffer: InlineArray<16, CChar>) -> String {
        var octets: [UInt8] = []
        for index in buffer.indices where buffer[index] != 0 {
            octets.append(UInt8(bitPattern: buffer[index]))
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func explain(_ error: SystemCallError, isOneOfSeveral: Bool) -> SystemCallError {
        switch error.errno {
        case .resourceBusy:
            error.explained("another program has this device open: is this one running already?")
        case .invalidArgument where isOneOfSeveral:
            error.explained("this name belongs to an interface that is not a TUN device with multi_queue")
        case .invalidArgument: error.explained("this name belongs to an interface that is not a TUN device")
        case .notPermitted: error.explained("creating a TUN device needs root or CAP_NET_ADMIN")
        default: error
        }
    }

    /// The kernel answers `EBADFD` when somebody took the interface away (`ip link del`).
    static func removed(_ error: SystemCallError) -> SystemCallError {
        error.errno.rawValue == EBADFD ? error.explained("the interface was removed") : error
    }

    /// Reads one packet.
    ///
    /// - Parameter buffer: Room for it; what does not fit is lost.
    /// - Returns: The packet's length in octets, or nil when none waits.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int? {
        try self.read("read") { clinux_read(self.fileDescriptor, buffer.baseAddress, buffer.count) }
    }

    /// Reads one packet into several places.
    ///
    /// - Parameter room: Room for it, all parts for this one; what does not fit is lost.
    /// - Returns: The packet's length in octets, or nil when none waits.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func read(into room: ScatteredRoom) throws(SystemCallError) -> Int? {
        try self.read("readv") { room.read(from: self.fileDescriptor) }
    }

    private func read(_ name: String, _ call: () -> Int) throws(SystemCallError) -> Int? {
        switch attempt(call) {
        case .success(let count): return count
        case .failure(let error) where error.isWouldBlock: return nil
        case .failure(let error):
            throw Self.removed(SystemCallError(call: name, errno: error, subject: self.name))
        }
    }

    /// Reads one packet.
    ///
    /// - Parameter buffer: Room for it; what does not fit is lost.
    /// - Returns: The packet's length in octets, or nil when none waits.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func read(into buffer: inout MutableRawSpan) throws(SystemCallError) -> Int? {
        try buffer.withUnsafeMutableBytes { octets throws(SystemCallError) in try self.read(into: octets) }
    }

    /// Hands the kernel one packet that stands for several; only for a device with ``offloads``.
    ///
    /// - Throws: ``SystemCallError`` as ``write(_:)`` does.
    public func write(_ packet: GatheredPacket) throws(SystemCallError) {
        _ = try systemCall("writev", about: self.name) { packet.write(to: self.fileDescriptor) }
    }

    /// Hands one packet to the kernel, as it is on the wire.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses it: the interface is down (`EIO`), the packet is
    ///   no IP packet (`EINVAL`) or there is no room (`EAGAIN`).
    public func write(_ packet: RawSpan) throws(SystemCallError) {
        try packet.withUnsafeBytes { octets throws(SystemCallError) in
            _ = try systemCall("write", about: self.name) { self.write(octets) }
        }
    }

    /// Hands one packet to the kernel with its offload header in front; only for a device with ``offloads``.
    ///
    /// - Throws: ``SystemCallError`` as ``write(_:)`` does.
    public func write(withHeader octets: UnsafeRawBufferPointer) throws(SystemCallError) {
        _ = try systemCall("write", about: self.name) {
            clinux_write(self.fileDescriptor, octets.baseAddress, octets.count)
        }
    }

    private func write(_ packet: UnsafeRawBufferPointer) -> Int {
        guard self.offloads != nil else {
            return clinux_write(self.fileDescriptor, packet.baseAddress, packet.count)
        }
        var header = VirtioNetHeader.plain
        var span = header.mutableSpan
        return span.withUnsafeMutableBytes { header in
            let vectors: InlineArray<2, iovec> = [
                iovec(iov_base: header.baseAddress, iov_len: header.count),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: packet.baseAddress), iov_len: packet.count),
            ]
            return vectors.span.withUnsafeBufferPointer {
                clinux_writev(self.fileDescriptor, $0.baseAddress, CInt($0.count))
            }
        }
    }
}
