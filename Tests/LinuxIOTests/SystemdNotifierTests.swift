import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite("SystemdNotifier")
struct SystemdNotifierTests {
    /// What the service manager's end of the socket got.
    private func received(at path: String, _ body: () throws -> Void) throws -> String {
        let server = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address) { $0[2...].copyBytes(from: name) }
        let length = socklen_t(2 + name.count)
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(server, $0, length) }
        }
        guard code == 0 else { throw Errno(rawValue: errno) }
        try body()
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = recv(server, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test
    func sendsSeveralMessagesAtOnce() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/notify"

        let text = try self.received(at: path) {
            try SystemdNotifier(socketPath: path).notify(.ready, .status("8 tunnels\nup"))
        }

        #expect(text == "READY=1\nSTATUS=8 tunnels up")
    }

    @Test
    func reachesAnAbstractSocket() throws {
        let path = "@sixxs-test-\(getpid())-\(MonotonicClock.now())"

        let text = try self.received(at: path) {
            try SystemdNotifier(socketPath: path).notify(
                .stopping,
                .watchdog,
                .reloading(atNanoseconds: 5000)
            )
        }

        #expect(text == "STOPPING=1\nWATCHDOG=1\nRELOADING=1\nMONOTONIC_USEC=5")
    }

    @Test
    func isSilentWithoutASocket() throws {
        try SystemdNotifier(socketPath: nil).notify(.ready)
    }

    @Test
    func namesASocketThatNobodyServes() {
        let notifier = SystemdNotifier(socketPath: "/nowhere/notify")

        let error = #expect(throws: SystemCallError.self) { try notifier.notify(.ready) }

        #expect(error?.description == "notify socket /nowhere/notify: No such file or directory (sendto)")
    }

    @Test
    func refusesAPathThatIsTooLong() {
        let notifier = SystemdNotifier(socketPath: "/" + String(repeating: "x", count: 120))

        let error = #expect(throws: SystemCallError.self) { try notifier.notify(.ready) }

        #expect(error?.errno == .fileNameTooLong)
    }
}
