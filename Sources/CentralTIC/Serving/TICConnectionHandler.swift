internal import Central
internal import Logging
internal import NIOCore
internal import TLS
internal import Wire

/// One connection: takes lines one after the other, has them answered, and ends it when something takes too long.
final class TICConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// The next line is wanted.
        case listening
        /// A secret is being compared: what comes waits.
        case comparing
        /// TLS begins.
        case securing
        /// Nothing that comes counts any more.
        case ending
    }

    /// How long a secret may take to be compared, after its wait.
    private static let answer = Duration.seconds(30)

    private let service: TICService
    private let client: IPAddress?
    private var dialogue: TICDialogue
    private var lines = TICLines()
    private var state = State.listening
    private var isInputClosed = false
    private var isStalled = false

    /// Whether a handshake is counted as under way.
    private var isInHandshake = false
    private var deadline: Scheduled<Void>?
    private var end: Scheduled<Void>?
    private var wait: Scheduled<Void>?
    private var work: Task<Void, Never>?

    init(_ service: TICService, client: IPAddress?) {
        self.service = service
        self.client = client
        self.dialogue = TICDialogue(service.rules)
    }

    // MARK: - What happens to the connection

    func channelActive(context: ChannelHandlerContext) {
        self.end = self.schedule(self.service.limits.whole, context) { handler, context in
            handler.finish(["500 The connection lasted too long"], context)
        }
        self.send([TICDialogue.banner], context)
        self.awaitLine(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ending = self.state { return }
        guard self.lines.append(Self.unwrapInboundIn(data).readableBytesView) else {
            return self.finish(["400 Too many commands at once"], context)
        }
        self.proceed(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.proceed(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            self.isInputClosed = true
            self.proceed(context)
        case TLSHandler.Event.established:
            guard case .securing = self.state else { return }
            self.endHandshake()
            self.dialogue.encrypt()
            self.state = .listening
            self.awaitLine(context)
        case is ChannelShouldQuiesceEvent: self.finish(["500 The service ends: try again later"], context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { self.abandon(context) }

    // MARK: - Lines

    /// Answers what has come, while the client takes the answers.
    private func proceed(_ context: ChannelHandlerContext) {
        while case .listening = self.state {
            guard self.isTakingAnswers(context) else { return }
            switch self.lines.next() {
            case .line(let line):
                let time = self.service.unixTime()
                let step = self.dialogue.receive(line, isAlone: self.lines.count == 0, at: time)
                self.perform(step, context)
                // Who does not take the answer has no time for another line.
                if case .listening = self.state, !self.isStalled { self.awaitLine(context) }
            case .tooLong:
                self.finish(["400 Lines have at most \(TICLines.longestLine) octets"], context)
            case nil:
                if self.isInputClosed { self.finish([], context) }
                return
            }
        }
    }

    /// Whether the client takes what it is sent; else it has a time for that.
    private func isTakingAnswers(_ context: ChannelHandlerContext) -> Bool {
        let isWritable = context.channel.isWritable
        defer { self.isStalled = !isWritable }
        switch (isWritable, self.isStalled) {
        case (false, false): self.arm(self.service.limits.stall, context) { $0.abandon($1) }
        case (true, true): self.awaitLine(context)
        case (false, true), (true, false): break
        }
        return isWritable
    }

    private func perform(_ step: TICDialogue.Step, _ context: ChannelHandlerContext) {
        switch step {
        case .reply(let lines): self.send(lines, context)
        case .end(let lines): self.finish(lines, context)
        case .authenticate(let claim): self.compare(claim, context)
        case .startTLS(let line): self.beginTLS(line, context)
        }
    }

    /// Says yes in the clear; what comes next is TLS, or the end.
    private func beginTLS(_ line: String, _ context: ChannelHandlerContext) {
        guard let certificate = self.service.certificate else { return self.abandon(context) }
        guard self.service.handshakes.begin(self.client) else {
            return self.finish(["500 Too many clients begin TLS at once: try again later"], context)
        }
        self.isInHandshake = true
        self.state = .securing
        self.send([line], context)
        self.arm(self.service.limits.handshake, context) { $0.abandon($1) }
        do {
            let handler = try TLSHandler(certificate.context)
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            self.service.logger.error("TIC: \(error)")
            self.abandon(context)
        }
    }

    private func endHandshake() {
        guard self.isInHandshake else { return }
        self.isInHandshake = false
        self.service.handshakes.end(self.client)
    }

    // MARK: - Logging in

    /// Has a secret compared, after the time that wrong ones before it cost.
    private func compare(_ claim: TICClaim, _ context: ChannelHandlerContext) {
        self.state = .comparing
        let wait = self.service.delays.begin(self.client, claim.account)
        self.arm(wait + Self.answer, context) { handler, context in
            handler.finish(["500 The service is busy: try again later"], context)
        }
        guard wait > .zero else { return self.begin(claim, context) }
        self.wait = self.schedule(wait, context) { handler, context in handler.begin(claim, context) }
    }

    private func begin(_ claim: TICClaim, _ context: ChannelHandlerContext) {
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        self.work = Task { [service = self.service, client = self.client] in
            let result: Result<ClientAccess?, any Error>
            do { result = .success(try await service.judge(claim, from: client)) } catch {
                result = .failure(error)
            }
            loop.execute {
                let (handler, context) = bound.value
                guard case .comparing = handler.state else { return }
                handler.take(result, context)
            }
        }
    }

    private func take(_ result: Result<ClientAccess?, any Error>, _ context: ChannelHandlerContext) {
        switch result {
        case .success(let access):
            self.state = .listening
            self.perform(self.dialogue.finish(access), context)
            if case .listening = self.state { self.awaitLine(context) }
            self.proceed(context)
        case .failure: self.finish(["500 The service cannot look that up now: try again later"], context)
        }
    }

    // MARK: - Answers

    private func send(_ lines: [String], _ context: ChannelHandlerContext) {
        guard !lines.isEmpty else { return }
        let text = lines.map { "\($0)\n" }.joined()
        context.writeAndFlush(
            Self.wrapOutboundOut(context.channel.allocator.buffer(string: text)),
            promise: nil
        )
    }

    /// Sends last lines and ends the connection when they are written.
    private func finish(_ lines: [String], _ context: ChannelHandlerContext) {
        if case .ending = self.state { return }
        self.stop()
        self.arm(self.service.limits.stall, context) { $0.abandon($1) }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            let (handler, context) = bound.value
            handler.arm(handler.service.limits.linger, context) { $0.abandon($1) }
            context.close(mode: .output, promise: nil)
        }
        let text = lines.map { "\($0)\n" }.joined()
        context.writeAndFlush(
            Self.wrapOutboundOut(context.channel.allocator.buffer(string: text)),
            promise: written
        )
    }

    /// Ends the connection without a word.
    private func abandon(_ context: ChannelHandlerContext) {
        self.stop()
        context.close(promise: nil)
    }

    /// Lets nothing happen any more by itself.
    private func stop() {
        self.state = .ending
        self.endHandshake()
        for timer in [self.deadline, self.end, self.wait] { timer?.cancel() }
        self.work?.cancel()
    }

    // MARK: - Time

    private func awaitLine(_ context: ChannelHandlerContext) {
        self.arm(self.service.limits.line, context) { handler, context in
            handler.finish(["500 No command came in time"], context)
        }
    }

    /// Sets what happens when nothing else does; what was set before is forgotten.
    private func arm(
        _ duration: Duration,
        _ context: ChannelHandlerContext,
        _ action: @escaping @Sendable (TICConnectionHandler, ChannelHandlerContext) -> Void
    ) {
        self.deadline?.cancel()
        self.deadline = self.schedule(duration, context, action)
    }

    private func schedule(
        _ duration: Duration,
        _ context: ChannelHandlerContext,
        _ action: @escaping @Sendable (TICConnectionHandler, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: TimeAmount(duration)) {
            let (handler, context) = bound.value
            action(handler, context)
        }
    }
}
