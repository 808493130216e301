import LinuxIO
import SystemPackage
import Wire

/// Sends packets all the same that the kernel refuses because of what it was told of their path.
///
/// The engine asks for evidence before it believes an ICMP error; the kernel believes what quotes an echo request of the
/// host's with the right addresses. What a route or a link says is kept to.
struct Insistence {
    /// How long it is known that the kernel learnt something, in nanoseconds.
    private static let lifetime: UInt64 = 1_000_000_000

    /// Of the socket that ignores what the kernel knows of paths; -1 for none.
    private let fileDescriptor: CInt
    private var remote = IPv4Address(0)
    private var isLearnt = false
    private var endsAt: UInt64 = 0

    init(on fileDescriptor: CInt) {
        self.fileDescriptor = fileDescriptor
    }

    /// Sends a packet that was refused as too long, if only what the kernel learnt speaks against it.
    ///
    /// - Parameters:
    ///   - packet: The packet, its IP header included.
    ///   - remote: Where it goes.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether it was sent.
    mutating func send(_ packet: UnsafeRawBufferPointer, to remote: IPAddress, at now: UInt64) -> Bool {
        guard self.fileDescriptor >= 0, case .ipv4(let address) = remote else { return false }
        if address != self.remote || now >= self.endsAt {
            self.remote = address
            self.isLearnt = LinkMTU.isLearnt(toward: address)
            self.endsAt = now &+ Self.lifetime
        }
        return self.isLearnt && RawTransmitter.send(packet, to: remote, on: self.fileDescriptor) == nil
    }
}
