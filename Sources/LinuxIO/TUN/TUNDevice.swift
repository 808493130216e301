internal import CLinux
internal import Glibc
internal import SystemPackage

/// A TUN device: a network interface whose packets this process reads and writes.
///
/// Non-blocking, one IP packet per read and write, no header in front. The device disappears with the value
/// unless it was made persistent by somebody else.
public struct TUNDevice: ~Copyable, Sendable {
    /// The longest name of an interface, in octets.
    public static let maximumNameLength = 15

    /// The interface's name.
    public let name: String

    private let descriptor: OwnedDescriptor

    /// For pollers.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Creates the device, or attaches to a persistent one that nobody has open.
    ///
    /// - Parameter name: 1 to 15 octets; `%d` in it is replaced by the lowest free number.
    /// - Throws: ``SystemCallError`` that says which name, and whether another program has it.
    public init(name: String) throws(SystemCallError) {
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
                return span.withUnsafeMutableBufferPointer {
                    clinux_tun_attach(descriptor.rawValue, $0.baseAddress)
                }
            }
        } catch {
            throw Self.explain(error)
        }
        self.name = Self.text(of: buffer)
        self.descriptor = descriptor
    }

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

    private static func explain(_ error: SystemCallError) -> SystemCallError {
        switch error.errno {
        case .resourceBusy: error.explained("another program has this device open")
        case .invalidArgument: error.explained("this name belongs to an interface that is no TUN device")
        case .notPermitted: error.explained("creating a TUN device needs root or CAP_NET_ADMIN")
        default: error
        }
    }

    /// The kernel answers `EBADFD` when somebody took the interface away (`ip link del`).
    private static func removed(_ error: SystemCallError) -> SystemCallError {
        error.errno.rawValue == EBADFD ? error.explained("the interface was removed") : error
    }

    /// Reads one packet.
    ///
    /// - Parameter buffer: Room for it; what does not fit is lost.
    /// - Returns: The packet's length in octets, or nil when none waits.
    /// - Throws: ``SystemCallError``, for instance when the interface was removed.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int? {
        switch attempt({ Glibc.read(self.fileDescriptor, buffer.baseAddress, buffer.count) }) {
        case .success(let count): return count
        case .failure(let error) where error.isWouldBlock: return nil
        case .failure(let error):
            throw Self.removed(SystemCallError(call: "read", errno: error, subject: self.name))
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

    /// Hands one packet to the kernel.
    ///
    /// - Throws: ``SystemCallError`` when the kernel refuses it: the interface is down (`EIO`), the packet is
    ///   no IP packet (`EINVAL`) or there is no room (`EAGAIN`).
    public func write(_ packet: RawSpan) throws(SystemCallError) {
        try packet.withUnsafeBytes { octets throws(SystemCallError) in
            _ = try systemCall("write", about: self.name) {
                Glibc.write(self.fileDescriptor, octets.baseAddress, octets.count)
            }
        }
    }
}
