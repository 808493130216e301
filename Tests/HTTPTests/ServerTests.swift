import Glibc
import NIOCore
import NIOPosix
import TestSupport
import Testing
import Wire

@testable import HTTP

@Suite("A server of HTTP", .timeLimit(.minutes(5)))
struct ServerTests {
    // swift-format-ignore
    static let addresses: [Row<String, (written: String, isLocal: Bool)>] = [
        Row("a port",           "8080",                     is: ("127.0.0.1:8080", true)),
        Row("loopback",         "127.0.0.2:80",             is: ("127.0.0.2:80", true)),
        Row("that of IPv6",     "[::1]:80",                 is: ("[::1]:80", true)),
        Row("all addresses",    "0.0.0.0:80",               is: ("0.0.0.0:80", false)),
        Row("one of IPv6",      "[2001:db8::1]:80",         is: ("[2001:db8::1]:80", false)),
        Row("a UNIX socket",    "unix:/run/a.socket",       is: ("unix:/run/a.socket", true)),
    ]

    @Test(arguments: Self.addresses)
    func readsWhereToListen(_ row: Row<String, (written: String, isLocal: Bool)>) throws {
        let address = try ListenAddress(parsing: row.input)

        #expect(address.description == row.output.written)
        #expect(address.isLocal == row.output.isLocal)
        #expect(try ListenAddress(parsing: row.output.written) == address)
    }

    @Test(arguments: [
        "", "65536", "-1", "localhost:80", "127.0.0.1", "::1:80", "unix:", "unix:a", "unix:/a\0b",
    ])
    func refusesWhereNobodyCanListen(_ text: String) {
        #expect(throws: SyntaxError.self) { try ListenAddress(parsing: text) }
    }

    @Test func answersOverTCP() async throws {
        let server = try await HTTPServer(at: try ListenAddress(parsing: "0"), Echo())

        let answer = try await Self.ask(server, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await server.close()

        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("GET /a 0\n"))
    }

    @Test func aRefusalIsReadThoughMoreWasSent() async throws {
        let server = try await HTTPServer(at: try ListenAddress(parsing: "0"), Echo())
        let body = String(repeating: "x", count: 100_000)

        let answer = try await Self.ask(
            server,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\(body)"
        )
        await server.close()

        #expect(answer.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func oneTooManyIsNotServed() async throws {
        var limits = HTTPLimits()
        limits.connectionsOfOne = 1
        let held = Held()
        let server = try await HTTPServer(at: try ListenAddress(parsing: "0"), limits: limits, held)
        let get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

        async let first = Self.ask(server, get)
        await held.arrival()
        let second = try? await Self.ask(server, get)
        held.release()

        #expect(second?.isEmpty ?? true)
        #expect(try await first.hasSuffix("GET / 0\n"))
        await server.close()
    }

    @Test func whatIsUnderWayEndsBeforeTheServer() async throws {
        let held = Held()
        let server = try await HTTPServer(at: try ListenAddress(parsing: "0"), held)

        async let answer = Self.ask(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await held.arrival()
        async let end: Void = server.close()
        held.release()
        await end

        #expect(try await answer.hasSuffix("GET / 0\n"))
        await #expect(throws: (any Error).self) {
            try await Self.ask(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        }
    }

    @Test func listensAtAFileThatOthersCannotOpen() async throws {
        let folder = try Self.folder()
        defer { Self.remove(folder) }
        let path = "\(folder)/web.socket"
        let server = try await HTTPServer(at: .unixSocket(path: path), Echo())

        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        let answer = try await Self.ask(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await server.close()

        #expect(answer.hasSuffix("GET / 0\n"))
        #expect(lstat(path, &status) != 0)
    }

    @Test func neverTakesALivingProcesssPlace() async throws {
        let folder = try Self.folder()
        defer { Self.remove(folder) }
        let path = "\(folder)/web.socket"
        let server = try await HTTPServer(at: .unixSocket(path: path), Echo())

        await #expect(throws: ListenFailure.self) {
            try await HTTPServer(at: .unixSocket(path: path), Echo())
        }

        let answer = try await Self.ask(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasSuffix("GET / 0\n"))
        await server.close()
    }

    @Test func takesThePlaceOfOneThatWasKilled() async throws {
        let folder = try Self.folder()
        defer { Self.remove(folder) }
        let path = "\(folder)/web.socket"
        let left = try UNIXListener(at: path, mode: 0o600)
        close(left.socket)

        let server = try await HTTPServer(at: .unixSocket(path: path), Echo())
        let answer = try await Self.ask(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

        #expect(answer.hasSuffix("GET / 0\n"))
        // What another made in its place is not removed with it.
        left.remove()
        var status = stat()
        #expect(lstat(path, &status) == 0)
        await server.close()
    }

    @Test func removesNothingButSockets() throws {
        let folder = try Self.folder()
        defer { Self.remove(folder) }
        let path = "\(folder)/file"
        close(open(path, O_CREAT | O_WRONLY, 0o600))

        #expect { try UNIXListener(at: path, mode: 0o600) } throws: { error in
            "\(error)".contains("is not a socket")
        }
        #expect(throws: ListenFailure.self) { try UNIXListener(at: "\(folder)/none/x", mode: 0o600) }
        let long = "\(folder)/\(String(repeating: "x", count: 120))"
        #expect(throws: ListenFailure.self) { try UNIXListener(at: long, mode: 0o600) }
    }

    // MARK: - A client

    /// Sends a text, and returns all that comes until the connection ends.
    private static func ask(_ server: HTTPServer, _ text: String) async throws -> String {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let initializer: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> =
            { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
        let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        switch server.address {
        case .tcp(let endpoint):
            connection = try await bootstrap.connect(
                host: "\(endpoint.address)",
                port: Int(endpoint.port),
                channelInitializer: initializer
            )
        case .unixSocket(let path):
            connection = try await bootstrap.connect(
                unixDomainSocketPath: path,
                channelInitializer: initializer
            )
        }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var answer = ""
            for try await part in inbound { answer += String(buffer: part) }
            return answer
        }
    }

    private static func folder() throws -> String {
        var template = Array("/tmp/sixxs-http-XXXXXX".utf8CString)
        return try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private static func remove(_ folder: String) {
        unlink("\(folder)/file")
        rmdir(folder)
    }
}
