public import Wire

/// Says of bare packets that raw sockets received what has to be done before they are what their senders sent.
///
/// The kernel says it where a ``LinkTap`` hears it. Where none does, or not of all, it is guessed (``Wire/DoubtfulPacket``).
public final class Arrivals {
    private let reader: TapReader?

    /// Begins to listen.
    ///
    /// - Parameter tap: What nobody else reads; nil where there is none.
    /// - Throws: ``SystemCallError`` when there is no memory.
    public init(_ tap: LinkTap?) throws(SystemCallError) {
        self.reader = if let tap { try TapReader(tap) } else { nil }
    }

    /// Whether ``header(of:behind:at:)`` can have anything to say of what was received until now.
    ///
    /// - Parameter now: The time, in nanoseconds of the monotonic clock.
    /// - Returns: Whether it can.
    public func haveNews(at now: UInt64) -> Bool { self.reader?.hasNews(at: now) ?? true }

    /// Says what has to be done to a packet; to be asked once of each, in the order in which they were received.
    ///
    /// - Parameters:
    ///   - inner: The inner packet.
    ///   - outerLength: Length of all headers in front of it, in octets.
    ///   - now: The time, in nanoseconds of the monotonic clock.
    /// - Returns: How it has to be cut up, or which checksum is to be completed; nil when it is as it was sent. Without a checksum,
    ///   what has to be cut up had complete ones.
    public func header(of inner: RawSpan, behind outerLength: Int, at now: UInt64) -> VirtioNetHeader? {
        guard DoubtfulPacket.isDoubtful(inner) else { return nil }
        let told = self.reader?.header(of: inner, behind: outerLength, at: now)
        guard let header = told ?? self.guess(inner, at: now) else { return nil }
        return header.segmentation == .none && header.checksum == nil ? nil : header
    }

    private func guess(_ inner: RawSpan, at now: UInt64) -> VirtioNetHeader? {
        if let reader, reader.isComplete(at: now) { return nil }
        return DoubtfulPacket.guess(inner)
    }

    /// Forgets what nobody asked about; to be called about once a second.
    ///
    /// - Parameter now: The time, in nanoseconds of the monotonic clock.
    public func forgetOld(at now: UInt64) { self.reader?.forgetOld(at: now) }
}
