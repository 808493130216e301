internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// One connection: takes requests one after the other, has them answered, and ends it when something takes too long.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What handlers of one server have in common.
    struct Service: Sendable {
        let responder: any Responder
        let limits: HTTPLimits
        let registry: ConnectionRegistry
        /// Seconds since 1970.
        let now: @Sendable () -> Int64
    }

    private enum State {
        case awaitingHead
        case receiving(HTTPRequestHead, RequestTarget, ByteBuffer)
        case answering(HTTPRequestHead)
        /// Nothing that comes counts any more.
        case ending
    }

    private let service: Service
    private let client: IPAddress?
    private var state = State.awaitingHead
    private var deadline: Scheduled<Void>?
    private var work: Task<Void, Never>?
    /// Tells answers from those that came too late.
    private var exchange = 0

    init(_ service: Service, client: IPAddress?) {
        self.service = service
        self.client = client
    }

    // MARK: - What happens to the connection

    func channelActive(context: ChannelHandlerContext) {
        self.arm(self.service.limits.head, context) { $0.abandon($1) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.state = .ending
        self.deadline?.cancel()
        self.work?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), self.state) {
        case (.head(let head), .awaitingHead): self.begin(head, context)
        case (.body(var part), .receiving(let head, let target, var body)):
            guard body.readableBytes + part.readableBytes <= self.service.limits.bodyOctets else {
                return self.refuse(self.tooLarge, head, context)
            }
            // The state holds the buffer too, which would then be copied for every part.
            self.state = .ending
            body.writeBuffer(&part)
            self.state = .receiving(head, target, body)
        case (.end, .receiving(let head, let target, let body)): self.answer(head, target, body, context)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .ending = self.state { return }
        // Of a request that broke off nobody waits for an answer.
        guard let error = error as? HTTPParserError, error != .invalidEOFState else {
            return self.abandon(context)
        }
        self.refuse(Refusal(.badRequest, "this is not an HTTP request"), nil, context)
    }

    // MARK: - Requests

    private var tooLarge: Refusal {
        Refusal(.contentTooLarge, "at most \(self.service.limits.bodyOctets) octets can be sent")
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let target: RequestTarget
        do throws(Refusal) { target = try self.judge(head) } catch {
            return self.refuse(error, head, context)
        }
        self.state = .receiving(head, target, ByteBuffer())
        if head.headers.contains(name: "Expect"), !head.version.isOld {
            let interim = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(interim)), promise: nil)
        }
        self.arm(self.service.limits.body, context) { handler, context in
            handler.refuse(
                Refusal(.requestTimeout, "the request was not received completely in time"),
                head,
                context
            )
        }
    }

    /// Reads what the head asks for.
    ///
    /// - Throws: ``Refusal`` when it asks for what cannot be.
    private func judge(_ head: HTTPRequestHead) throws(Refusal) -> RequestTarget {
        let hosts = head.headers["Host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version.isOld),
            hosts.allSatisfy(HTTPHeaderText.isHost)
        else { throw Refusal(.badRequest, "the header Host must name one host") }
        guard head.uri.utf8.count <= self.service.limits.targetOctets else {
            throw Refusal(.uriTooLong, "addresses have at most \(self.service.limits.targetOctets) octets")
        }
        guard head.headers["Expect"].allSatisfy({ $0.lowercased() == "100-continue" }) else {
            throw Refusal(.expectationFailed, "only 100-continue can be expected")
        }
        let length = head.headers.first(name: "Content-Length").map { Int($0) ?? .max } ?? 0
        guard length <= self.service.limits.bodyOctets else { throw self.tooLarge }
        do { return try RequestTarget(parsing: head.uri) } catch {
            throw Refusal(.badRequest, "\(error)")
        }
    }

    // MARK: - Answers

    private func answer(
        _ head: HTTPRequestHead,
        _ target: RequestTarget,
        _ body: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        let request = Request(
            method: head.method.rawValue,
            target: target,
            headers: head.headers.map { (name: $0.name.lowercased(), value: $0.value) },
            body: Array(body.readableBytesView),
            client: self.client
        )
        self.state = .answering(head)
        self.exchange += 1
        let exchange = self.exchange
        self.arm(self.service.limits.answer, context) { handler, context in
            handler.work?.cancel()
            handler.refuse(
                Refusal(.gatewayTimeout, "the answer took too long: try again later"),
                head,
                context
            )
        }
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        self.work = Task { [responder = self.service.responder] in
            let response = await responder.respond(to: request)
            loop.execute {
                let (handler, context) = bound.value
                guard handler.exchange == exchange, case .answering(let head) = handler.state else { return }
                handler.send(response, to: head, thenEnd: !head.isKeepAlive, context)
            }
        }
    }

    private func refuse(_ refusal: Refusal, _ head: HTTPRequestHead?, _ context: ChannelHandlerContext) {
        self.send(Response(refusal), to: head, thenEnd: true, context)
    }

    /// Writes an answer.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - head: What is answered; nil for what was no request.
    ///   - isLast: Whether the connection ends with it.
    ///   - context: The connection.
    private func send(
        _ response: Response,
        to head: HTTPRequestHead?,
        thenEnd isLast: Bool,
        _ context: ChannelHandlerContext
    ) {
        let ends = isLast || self.service.registry.isEnding
        let isBodiless = head?.method == .HEAD || response.status == .notModified
        // Before anything is written: the end of an answer brings the next request.
        self.state = ends ? .ending : .awaitingHead
        self.exchange += 1
        let exchange = self.exchange
        self.arm(self.service.limits.stall, context) { $0.abandon($1) }
        context.write(Self.wrapOutboundOut(.head(self.head(of: response, to: head, ends))), promise: nil)
        if !isBodiless, !response.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: response.body)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            let (handler, context) = bound.value
            guard handler.exchange == exchange else { return }
            handler.wasWritten(context)
        }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
    }

    private func wasWritten(_ context: ChannelHandlerContext) {
        switch self.state {
        case .awaitingHead:
            self.arm(self.service.limits.head, context) { $0.abandon($1) }
        case .receiving, .answering: break
        case .ending:
            self.arm(self.service.limits.linger, context) { $0.abandon($1) }
            context.close(mode: .output, promise: nil)
        }
    }

    private func head(of response: Response, to head: HTTPRequestHead?, _ ends: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        if let date = UTCTime(self.service.now()) { headers.add(name: "Date", value: date.httpDate) }
        if response.status != .notModified {
            headers.add(name: "Content-Length", value: "\(response.body.count)")
        }
        if ends {
            headers.add(name: "Connection", value: "close")
        } else if let head, head.version.isOld {
            headers.add(name: "Connection", value: "keep-alive")
        }
        let status = HTTPResponseStatus(
            statusCode: response.status.rawValue,
            reasonPhrase: response.status.phrase
        )
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }

    /// Ends the connection without a word.
    private func abandon(_ context: ChannelHandlerContext) {
        self.state = .ending
        context.close(promise: nil)
    }

    // MARK: - Time

    /// Sets what happens when nothing else does; what was set before is forgotten.
    private func arm(
        _ duration: Duration,
        _ context: ChannelHandlerContext,
        _ action: @escaping @Sendable (ConnectionHandler, ChannelHandlerContext) -> Void
    ) {
        self.deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.deadline = context.eventLoop.scheduleTask(in: TimeAmount(duration)) {
            let (handler, context) = bound.value
            action(handler, context)
        }
    }
}

extension HTTPVersion {
    /// Whether it is HTTP/1.0, whose clients name no host, expect nothing, and say when a connection is to stay.
    fileprivate var isOld: Bool { self.major == 1 && self.minor == 0 }
}
