import CLibSSL
import Foundation
import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import CentralTIC
@testable import TLS

/// TLS between two ends in memory: the other is libssl's own client, set up as each test needs it.
@Suite("A TLS session") struct TLSSessionTests {
    /// The client's end.
    private final class Client {
        private let context: OpaquePointer
        private let session: OpaquePointer
        private let input: OpaquePointer
        private let output: OpaquePointer

        /// Numbers of libssl's macros.
        private enum Control {
            static let minimum: CInt = 123
            static let maximum: CInt = 124
            static let groups: CInt = 92
        }

        init(version: Int, groups: String? = nil) throws {
            let context = try #require(SSL_CTX_new(TLS_client_method()))
            SSL_CTX_ctrl(context, Control.minimum, version, nil)
            SSL_CTX_ctrl(context, Control.maximum, version, nil)
            if var groups = groups.map({ Array($0.utf8CString) }) {
                #expect(SSL_CTX_ctrl(context, Control.groups, 0, &groups) == 1)
            }
            let session = try #require(SSL_new(context))
            let (input, output) = (try #require(BIO_new(BIO_s_mem())), try #require(BIO_new(BIO_s_mem())))
            SSL_set_bio(session, input, output)
            SSL_set_connect_state(session)
            (self.context, self.session, self.input, self.output) = (context, session, input, output)
        }

        deinit {
            SSL_free(self.session)
            SSL_CTX_free(self.context)
        }

        /// Takes octets and gives what it has to say; whether the handshake is done.
        func handshake(_ octets: [UInt8]) -> (octets: [UInt8], isDone: Bool) {
            self.take(octets)
            let isDone = SSL_do_handshake(self.session) == 1
            return (self.said, isDone)
        }

        func write(_ text: String) -> [UInt8] {
            SSL_write(self.session, text, CInt(text.utf8.count))
            return self.said
        }

        func read(_ octets: [UInt8]) -> String {
            self.take(octets)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = SSL_read(self.session, &buffer, CInt(buffer.count))
            return String(decoding: buffer.prefix(max(0, Int(count))), as: UTF8.self)
        }

        /// Begins another handshake within the first (RFC 5246, section 7.4.1.1).
        func renegotiate() -> [UInt8] {
            SSL_renegotiate(self.session)
            SSL_do_handshake(self.session)
            return self.said
        }

        private func take(_ octets: [UInt8]) {
            if !octets.isEmpty { BIO_write(self.input, octets, CInt(octets.count)) }
        }

        private var said: [UInt8] {
            var octets = [UInt8](repeating: 0, count: BIO_ctrl_pending(self.output))
            let count = BIO_read(self.output, &octets, CInt(octets.count))
            return Array(octets.prefix(max(0, Int(count))))
        }
    }

    private static let versions = [0x0303, 0x0304]

    private static func context(_ folder: TemporaryFolder) throws -> TLSContext {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=tic.example.net", "-keyout", folder.path("key"), "-out", folder.path("certificate"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return try TLSContext(certificate: folder.path("certificate"), key: folder.path("key"))
    }

    /// Both ends after as many steps as there are; what the server's last step was.
    private static func begin(
        _ server: TLSSession,
        _ client: Client
    ) -> (outcome: TLSSession.Outcome, isDone: Bool) {
        var octets: [UInt8] = []
        for _ in 0..<10 {
            let (said, isDone) = client.handshake(octets)
            guard !said.isEmpty else { return (.wantsMore, isDone) }
            let received = server.receive(said)
            octets = server.takeOutput()
            if received.outcome != .wantsMore { return (received.outcome, false) }
            if server.isEstablished, octets.isEmpty { return (received.outcome, isDone) }
        }
        return (.wantsMore, false)
    }

    @Test(arguments: versions, ["X25519", "P-256", "P-384"])
    func carriesOctetsBothWays(_ version: Int, _ group: String) throws {
        let folder = try TemporaryFolder()
        let (server, client) = (
            // The certificate's curve is in the list of TLS 1.2, where it holds for certificates too.
            try TLSSession(Self.context(folder)),
            try Client(version: version, groups: group == "P-256" ? group : "\(group):P-256")
        )

        _ = Self.begin(server, client)

        #expect(server.isEstablished)
        let question = server.receive(client.write("username jdoe\n"))
        #expect(String(decoding: question.octets, as: UTF8.self) == "username jdoe\n")
        // More than a record, and nothing that was not asked for in front: no tickets.
        let answer = String(repeating: "200 x\n", count: 4000)
        let isSent = server.send(Array(answer.utf8))
        #expect(isSent)
        #expect(client.read(server.takeOutput()).hasPrefix("200 x\n"))
        #expect(question.outcome == .wantsMore)
    }

    /// One such handshake would take 150 times as long.
    @Test(arguments: ["ffdhe2048", "ffdhe8192"])
    func takesNoFiniteFields(_ group: String) throws {
        let folder = try TemporaryFolder()
        let (server, client) = (
            try TLSSession(Self.context(folder)), try Client(version: 0x0304, groups: group)
        )

        let outcome = Self.begin(server, client).outcome

        #expect(outcome == .failed && !server.isEstablished)
    }

    @Test(
        arguments: [
            [], [0x16], Array("username jdoe\n".utf8), [UInt8](repeating: 0, count: 2048),
            [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], [0x15, 3, 3, 0, 2, 2, 40], [0x17, 3, 3, 0, 1, 0],
        ] as [[UInt8]]
    )
    func isNotBegunByAnythingElse(_ octets: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let server = try TLSSession(Self.context(folder))

        let received = server.receive(octets)

        #expect(received.octets.isEmpty && !server.isEstablished)
        #expect(!server.send(Array("secret".utf8)))
        #expect(!String(decoding: server.takeOutput(), as: UTF8.self).contains("secret"))
    }

    /// Each is answered, and the answers wait for a client that reads none of them.
    @Test func endsWithWhoBeginsItAgainAndAgain() throws {
        let folder = try TemporaryFolder()
        let client = try Client(version: 0x0303)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(TLSHandler(Self.context(folder)))
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        var octets: [UInt8] = []
        for _ in 0..<3 {
            try channel.writeInbound(ByteBuffer(bytes: client.handshake(octets).octets))
            octets = []
            while var part = try channel.readOutbound(as: ByteBuffer.self) {
                octets += part.readBytes(length: part.readableBytes) ?? []
            }
        }
        #expect(client.handshake(octets).isDone)

        var answers = 0
        for _ in 0..<40 where channel.isActive {
            let octets = client.renegotiate()
            // libssl's client asks once; after that the same is asked in new records.
            _ = try? channel.writeInbound(ByteBuffer(bytes: octets.isEmpty ? client.write("") : octets))
            while let part = try channel.readOutbound(as: ByteBuffer.self) {
                answers += 1
                _ = client.read(Array(part.readableBytesView))
            }
        }

        #expect((1...17).contains(answers))
        _ = try? channel.finish()
    }

    @Test func handshakesAreBoundedInAllAndOfOne() {
        let handshakes = Handshakes(most: 3, ofOne: 2)
        let (one, two) = (
            IPAddress.ipv4(IPv4Address(192, 0, 2, 1)), IPAddress.ipv4(IPv4Address(192, 0, 2, 2))
        )
        #expect(handshakes.begin(one) && handshakes.begin(one))
        #expect(!handshakes.begin(one), "as many as one may have")
        #expect(handshakes.begin(two))
        #expect(!handshakes.begin(two), "as many as there may be")
        handshakes.end(one)
        #expect(handshakes.begin(nil), "who is not known counts in all alone")
        handshakes.end(nil)
        handshakes.end(one)
        handshakes.end(two)
        #expect(handshakes.count == 0)
        // A network of 64 bits is one.
        let networks = [1, 2, 3].map { IPAddress.ipv6(IPv6Address(high: 0x2001_0db8_0000_0001, low: $0)) }
        #expect(networks.map { handshakes.begin($0) } == [true, true, false])
    }
}
