import LinuxIO

/// What packets leave through that go straight to a link.
final class LinkSocket: Sendable {
    let transmitter: LinkTransmitter
    let nextHops: NextHopService

    /// Opens the socket.
    ///
    /// - Parameters:
    ///   - nextHops: Who says where packets go.
    ///   - stack: What sends the others, and must send them the same way.
    /// - Throws: ``SystemCallError``, for instance when the process may not.
    init(_ nextHops: NextHopService, beside stack: borrowing RawTransmitter) throws(SystemCallError) {
        self.transmitter = try LinkTransmitter()
        self.nextHops = nextHops
        try stack.requireUnbound()
    }
}
