internal import NIOCore
internal import TLS

/// The server's end of TLS on a channel: what handlers behind it read and write, it decrypts and encrypts.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What handlers behind it are told.
    enum Event: Hashable, Sendable {
        /// TLS has begun.
        case established
    }

    private let session: TLSSession
    private var hasEnded = false

    /// How often what came was answered by TLS itself after its beginning.
    private var digressions = 0

    /// A client may ask for new keys, and be refused new handshakes, so often; each answer of that kind is kept until it is read, and
    /// clients need none.
    private static let mostDigressions = 16

    /// Creates one for one channel.
    ///
    /// - Throws: ``TLSFailure`` when there is no memory.
    init(_ context: TLSContext) throws(TLSFailure) {
        self.session = try TLSSession(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.hasEnded else { return }
        let wasEstablished = self.session.isEstablished
        let received = self.session.receive(Array(Self.unwrapInboundIn(data).readableBytesView))
        let hasAnswered = self.flushOutput(context)
        if wasEstablished, hasAnswered {
            self.digressions += 1
            if self.digressions > Self.mostDigressions { return self.fail(context) }
        }
        if received.outcome == .failed { self.hasEnded = true }
        if !wasEstablished, self.session.isEstablished {
            context.fireUserInboundEventTriggered(Event.established)
        }
        if !received.octets.isEmpty {
            context.fireChannelRead(
                Self.wrapInboundOut(context.channel.allocator.buffer(bytes: received.octets))
            )
        }
        switch received.outcome {
        case .wantsMore: break
        case .ended: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        // The alert that says why has been written.
        case .failed: self.fail(context)
        }
    }

    /// Ends the connection without another word of TLS: a session that failed makes none.
    private func fail(_ context: ChannelHandlerContext) {
        self.hasEnded = true
        context.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !self.hasEnded, self.session.send(Array(Self.unwrapOutboundIn(data).readableBytesView)) else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return context.close(promise: nil)
        }
        let octets = self.session.takeOutput()
        context.write(Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: octets)), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input, !self.hasEnded {
            self.hasEnded = mode == .all
            self.session.end()
            _ = self.flushOutput(context)
        }
        context.close(mode: mode, promise: promise)
    }

    /// Sends what TLS has to say; whether that was anything.
    private func flushOutput(_ context: ChannelHandlerContext) -> Bool {
        let octets = self.session.takeOutput()
        guard !octets.isEmpty else { return false }
        context.writeAndFlush(
            Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: octets)),
            promise: nil
        )
        return true
    }
}
