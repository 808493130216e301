import NIOCore
import NIOEmbedded
import Synchronization

@testable import HTTP

/// A connection without a network, whose time is the test's.
struct TestConnection {
    let channel = NIOAsyncTestingChannel()
    let registry: ConnectionRegistry

    /// Connects.
    init(limits: HTTPLimits = HTTPLimits(), _ responder: any Responder = Echo()) async throws {
        let registry = ConnectionRegistry(limits)
        let service = ConnectionHandler.Service(
            responder: responder,
            limits: limits,
            registry: registry,
            now: { 784_111_777 }
        )
        self.registry = registry
        let channel = self.channel
        try await channel.testingEventLoop.executeInContext { try HTTPServer.serve(channel, service) }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    }

    var isOpen: Bool { self.channel.isActive }

    func send(_ text: String) async throws { try await self.send(Array(text.utf8)) }

    /// Sends octets; what the other side does not read any more is lost.
    func send(_ octets: [UInt8]) async throws {
        guard self.isOpen else { return }
        // Errors of the parser come back here too.
        _ = try? await self.channel.writeInbound(ByteBuffer(bytes: octets))
    }

    func pass(_ seconds: Int64) async {
        await self.channel.testingEventLoop.advanceTime(by: .seconds(seconds))
    }

    /// What is answered next, head and body; what came of it when the connection ended before.
    func answer(toHead: Bool = false) async -> String {
        var text = ""
        while !Self.isWhole(text, toHead) {
            guard let part = try? await self.channel.waitForOutboundWrite(as: ByteBuffer.self) else { break }
            text += String(buffer: part)
        }
        return text
    }

    /// What was answered and not looked at yet.
    func rest() async throws -> String {
        var text = ""
        while let part = try await self.channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: part)
        }
        return text
    }

    private static func isWhole(_ text: String, _ isBodiless: Bool) -> Bool {
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let head = text[..<end.lowerBound].split(separator: "\r\n")
        let length =
            head.first { $0.lowercased().hasPrefix("content-length: ") }
            .flatMap { Int($0.dropFirst(16)) } ?? 0
        return isBodiless || text[end.upperBound...].utf8.count >= length
    }
}

extension String {
    /// Where another text is in it.
    func range(of other: String) -> Range<String.Index>? { self.firstRange(of: other) }
}

/// Answers with what was asked.
struct Echo: Responder {
    func respond(to request: Request) async -> Response {
        Response(type: Response.plainText, "\(request.method) \(request.target) \(request.body.count)\n")
    }
}

/// Answers when the test says so.
final class Held: Responder {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
    private let arrivals = AsyncStream<Void>.makeStream()

    func respond(to request: Request) async -> Response {
        await withCheckedContinuation { continuation in
            self.waiting.withLock { $0.append(continuation) }
            self.arrivals.continuation.yield()
        }
        return await Echo().respond(to: request)
    }

    /// Waits until a request is there.
    func arrival() async {
        for await _ in self.arrivals.stream { return }
    }

    func release() {
        for continuation in self.waiting.withLock({ waiting in
            defer { waiting = [] }
            return waiting
        }) { continuation.resume() }
    }
}
