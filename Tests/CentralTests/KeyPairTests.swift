import Foundation
import Testing

@testable import Central

@Suite("A key pair", .enabled(if: SSHServer.isInstalled, "needs ssh-keygen"))
struct KeyPairTests {
    private static func makePair(_ folder: TemporaryFolder, _ name: String, passphrase: String = "") throws {
        let path = folder.path(name)
        try ChildProcess.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path)
    }

    @Test func isAPair() throws {
        let folder = try TemporaryFolder()
        try Self.makePair(folder, "key")

        let pair = try #require(KeyPair(folder.path("key")))

        #expect(!pair.isEncrypted)
        #expect(pair.publicHalf == .matching)
        #expect(KeyExamination.findings(folder.path("key")).map(\.level) == [.ok])
    }

    @Test func mayBeTwoHalvesOfTwoPairs() throws {
        let folder = try TemporaryFolder()
        try Self.makePair(folder, "key")
        try Self.makePair(folder, "other")
        try folder.write(try folder.read("other.pub"), to: "key.pub")

        #expect(KeyPair(folder.path("key"))?.publicHalf == .other)
        #expect(KeyExamination.findings(folder.path("key")).map(\.level) == [.ok, .fail])
    }

    @Test func mayLackItsPublicHalf() throws {
        let folder = try TemporaryFolder()
        try Self.makePair(folder, "key")
        try FileManager.default.removeItem(atPath: folder.path("key.pub"))

        #expect(KeyPair(folder.path("key"))?.publicHalf == .missing)
        #expect(KeyExamination.findings(folder.path("key")).map(\.level) == [.ok, .warn])
    }

    @Test func mayHaveAPassphrase() throws {
        let folder = try TemporaryFolder()
        try Self.makePair(folder, "key", passphrase: "geheim")

        #expect(KeyPair(folder.path("key"))?.isEncrypted == true)
        let finding = KeyExamination.findings(folder.path("key")).first
        #expect(finding?.level == .fail)
        #expect(finding?.text.contains("has a passphrase") == true)
    }

    @Test func isMadeByTheCommandsThatAreSaid() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path("key"), folder.path("some/folder/key")] {
            let mend = try #require(KeyExamination.findings(path).first?.mend)

            try ChildProcess.run("/bin/sh", "-c", mend.replacing("ssh-keygen", with: "ssh-keygen -q"))

            #expect(KeyExamination.findings(path).map(\.level) == [.ok], "\(mend)")
        }
    }

    @Test func mayBeNoKeyAtAll() throws {
        let folder = try TemporaryFolder()
        try folder.write("-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n", to: "key")
        chmod(folder.path("key"), 0o600)

        #expect(KeyPair(folder.path("key")) == nil)
        #expect(KeyExamination.findings(folder.path("key")).map(\.level) == [.fail])
    }
}
