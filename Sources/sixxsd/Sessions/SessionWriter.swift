import NIOCore
import Wire

/// The way out of a session: replies go out whole, one after the other, no faster than the other side reads.
struct SessionWriter: Sendable {
    private let write: @Sendable (ByteBuffer) async throws -> Void
    private let clock: SessionClock

    init(_ clock: SessionClock, _ write: @escaping @Sendable (ByteBuffer) async throws -> Void) {
        self.write = write
        self.clock = clock
    }

    /// Sends a reply, and waits until there is room for another.
    ///
    /// - Throws: Errors of the connection.
    func send(_ reply: ControlReply) async throws {
        self.clock.beginWrite()
        defer { self.clock.endWrite() }
        try await self.write(ByteBuffer(bytes: reply.encoded))
    }
}
