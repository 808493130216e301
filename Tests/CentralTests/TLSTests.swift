import NIOCore
import NIOEmbedded
import TLS
import Testing

@testable import CentralTIC

/// Certificates and what is refused of them; the handshakes themselves are in test_tic.py, with Python's TLS.
@Suite("TLS") struct TLSTests {
    /// A certificate, its key, another key, and the key once more with a passphrase.
    private struct Files {
        let folder: TemporaryFolder
        var certificate: String { self.folder.path("a.crt") }
        var key: String { self.folder.path("a.key") }
        var otherKey: String { self.folder.path("b.key") }
        var lockedKey: String { self.folder.path("c.key") }

        init() throws {
            self.folder = try TemporaryFolder()
            for name in ["a", "b"] {
                try ChildProcess.run(
                    "/usr/bin/openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=\(name)",
                    "-keyout",
                    self.folder.path("\(name).key"),
                    "-out",
                    self.folder.path("\(name).crt")
                )
            }
            try ChildProcess.run(
                "/usr/bin/openssl",
                "ec",
                "-aes256",
                "-passout",
                "pass:secret",
                "-in",
                self.key,
                "-out",
                self.lockedKey
            )
        }
    }

    @Test func refusesWhatIsNoCertificateWithItsKey() throws {
        let files = try Files()
        let (certificate, key) = (files.certificate, files.key)
        #expect(throws: Never.self) { try TLSContext(certificate: certificate, key: key) }
        // swift-format-ignore
        let wrong = [
            ("/nonexistent", key,              "/nonexistent: no certificate"),
            (key,            key,              "\(key): no certificate"),
            (certificate,    "/nonexistent",   "/nonexistent: no private key"),
            (certificate,    certificate,      "\(certificate): no private key"),
            (certificate,    files.otherKey,   "\(files.otherKey): no private key of the certificate"),
            (certificate,    files.lockedKey,  "\(files.lockedKey): no private key"),
        ]
        for (certificate, key, words) in wrong {
            let failure = #expect(throws: TLSFailure.self) {
                try TLSContext(certificate: certificate, key: key)
            }
            #expect(failure?.description.hasPrefix(words) == true, "\(failure?.description ?? "")")
        }
    }

    @Test func keepsTheCertificateWhenTheNextIsNone() throws {
        let files = try Files()
        let certificate = try TLSCertificate(certificate: files.certificate, key: files.key)
        let first = certificate.context
        try certificate.reload()
        let second = certificate.context
        #expect(first !== second)
        try ChildProcess.run("/bin/cp", files.otherKey, files.key)
        #expect(throws: TLSFailure.self) { try certificate.reload() }
        #expect(certificate.context === second)
    }

    /// What comes in the place of a client's hello.
    static let junk: [[UInt8]] = [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0, count: 512),
        [UInt8](repeating: 0xff, count: 20_000),
        [0x16, 0x03, 0x01, 0xff, 0xff] + [UInt8](repeating: 1, count: 30_000),
    ]

    @Test(arguments: junk) func endsWithWhoSpeaksNoTLS(_ octets: [UInt8]) async throws {
        let files = try Files()
        let context = try TLSContext(certificate: files.certificate, key: files.key)
        let channel = NIOAsyncTestingChannel()
        try await channel.testingEventLoop.executeInContext {
            try channel.pipeline.syncOperations.addHandler(TLSHandler(context))
        }
        try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.77", port: 1)).get()
        _ = try? await channel.writeInbound(ByteBuffer(bytes: octets))
        #expect(!channel.isActive)
        #expect(try await channel.readInbound(as: ByteBuffer.self) == nil)
    }
}
