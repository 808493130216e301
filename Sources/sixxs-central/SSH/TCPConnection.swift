internal import Glibc

/// A connected TCP socket that does not block.
struct TCPConnection: ~Copyable {
    /// The socket; nil once somebody else closes it.
    private var descriptor: Int32?

    /// Connects to the first address that accepts; errors call the host by the name that is given.
    ///
    /// - Throws: ``ConnectionFailure/unreachable(address:reason:)`` or what the clock throws.
    init(to addresses: [SocketAddress], name: String, clock: StepClock) throws(ConnectionFailure) {
        var reason = "it has no address"
        for address in addresses {
            let descriptor = socket(
                address.family,
                Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
                0
            )
            guard descriptor >= 0 else {
                reason = SystemMessage.current
                continue
            }
            do {
                try Self.connect(descriptor, to: address, clock: clock)
                self.descriptor = descriptor
                return
            } catch .unreachable(_, let why) {
                close(descriptor)
                reason = why
            } catch {
                close(descriptor)
                throw error
            }
        }
        throw .unreachable(address: name, reason: reason)
    }

    deinit {
        if let descriptor = self.descriptor { close(descriptor) }
    }

    /// Gives the socket away; whoever takes it closes it.
    consuming func release() -> Int32 {
        let descriptor = self.descriptor ?? -1
        self.descriptor = nil
        return descriptor
    }

    private static func connect(
        _ descriptor: Int32,
        to address: SocketAddress,
        clock: StepClock
    ) throws(ConnectionFailure) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        let started = address.octets.withUnsafeBytes { octets in
            let pointer = octets.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return Glibc.connect(descriptor, pointer, socklen_t(octets.count))
        }
        if started == 0 { return }
        guard errno == EINPROGRESS else { throw .unreachable(address: "", reason: SystemMessage.current) }
        try clock.wait(for: descriptor, events: POLLOUT)
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        if code != 0 { throw .unreachable(address: "", reason: SystemMessage.text(of: code)) }
    }
}
