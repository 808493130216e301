internal import Glibc

/// A connected TCP socket that does not block.
struct TCPConnection: ~Copyable {
    /// The socket; nil once somebody else closes it.
    private var descriptor: Int32?

    /// Connects to the first address that accepts; errors call the host by the name that is given.
    ///
    /// Attempts begin one after the other, before those under way have failed (RFC 8305 §5): a network that loses
    /// packets must not take the whole of the time.
    ///
    /// - Throws: ``ConnectionFailure/unreachable(address:reason:)`` or what the clock throws.
    init(to addresses: [SocketAddress], name: String, clock: StepClock) throws(ConnectionFailure) {
        var attempts = ConnectionAttempts(addresses)
        defer { attempts.closeAll() }
        while true {
            if let winner = attempts.winner() {
                self.descriptor = winner
                return
            }
            attempts.beginDue()
            guard !attempts.descriptors.isEmpty else {
                if attempts.areOver { throw .unreachable(address: name, reason: attempts.reason) }
                continue
            }
            try clock.wait(forAnyOf: attempts.descriptors, events: POLLOUT, until: attempts.nextStart)
        }
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
}
