import CLinux
import Glibc
import SystemPackage
import Testing

@testable import LinuxIO

@Suite("A socket's file") struct SocketFileTests {
    private static func inode(_ path: String) -> UInt64? {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    @Test func isThereWithItsMode() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"

        let (file, socket) = try SocketFile.listen(at: path, mode: 0o620, group: getegid())
        defer { close(socket) }

        #expect(mode(of: path) == 0o620)
        #expect(file.path == path)
        file.remove()
        #expect(folder.names == [])
        file.remove()
    }

    @Test func thatWasLeftIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        let (_, dead) = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        close(dead)
        let before = Self.inode(path)

        let (file, socket) = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        defer { close(socket) }

        #expect(before != nil && Self.inode(path) != nil)
        file.remove()
        #expect(folder.names == [])
    }

    @Test func thatSomebodyLivesBehindIsNotTaken() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        let (_, living) = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        defer { close(living) }
        let before = Self.inode(path)

        let error = #expect(throws: SystemCallError.self) {
            _ = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        }

        #expect(error?.errno == .addressInUse)
        #expect(error?.description.contains("process \(getpid()) of user \(getuid()) listens there") == true)
        #expect(Self.inode(path) == before)
    }

    @Test func thatAnotherPutThereIsLeft() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        let (first, socket) = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        defer { close(socket) }
        unlink(path)
        let (second, another) = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        defer { close(another) }

        first.remove()

        #expect(folder.names == ["control.sock"])
        second.remove()
        #expect(folder.names == [])
    }

    @Test func isNeverMadeOfSomethingElse() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        close(open(path, O_CREAT | O_WRONLY, 0o600))

        let error = #expect(throws: SystemCallError.self) {
            _ = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        }

        #expect(error?.description.contains("the path is not a socket") == true)
        #expect(folder.names == ["control.sock"])
    }

    @Test(arguments: [108, 4096])
    func withTooLongAPathIsRefused(_ length: Int) {
        let path = "/" + String(repeating: "x", count: length - 1)
        let error = #expect(throws: SystemCallError.self) {
            _ = try SocketFile.listen(at: path, mode: 0o600, group: nil)
        }
        #expect(error?.description.contains("at most 107 octets") == true)
    }

    @Test func saysWhoIsConnected() throws {
        var pair: [CInt] = [0, 0]
        let code = socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair)
        try #require(code == 0)
        defer { for descriptor in pair { close(descriptor) } }

        let peer = try PeerCredentials(of: pair[0])

        #expect(peer.process == UInt32(getpid()) && peer.user == getuid())
        #expect(peer.groups.contains(getgid()))
    }

    @Test func knowsAccountsOfTheHost() {
        let root = AccountDatabase.account(of: 0)
        #expect(root?.name == "root" && root?.user == 0)
        #expect(AccountDatabase.account(named: "root") == root)
        #expect(AccountDatabase.account(named: "sx no such user") == nil)
        #expect(AccountDatabase.name(ofGroup: 0).flatMap { AccountDatabase.group(named: $0) } == 0)
        #expect(AccountDatabase.group(named: "sx no such group") == nil)
        if let root { #expect(AccountDatabase.groups(of: root).contains(root.group)) }
    }
}
