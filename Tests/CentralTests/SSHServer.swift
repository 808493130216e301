import Foundation
import Wire

@testable import Central

/// A real sshd on 127.0.0.1 with its own configuration and keys, and a key pair of the centre's.
final class SSHServer {
    static let program = "/usr/sbin/sshd"

    /// Whether the system has what the tests need.
    static var isInstalled: Bool {
        [Self.program, "/usr/bin/ssh-keygen"].allSatisfy(FileManager.default.isExecutableFile)
    }

    struct Failure: Error {
        let reason: String
    }

    /// How often a port is tried that was free a moment ago.
    private static let attempts = 5

    let folder: TemporaryFolder
    private(set) var port: UInt16 = 0
    private var process: ChildProcess?

    /// Starts a server whose key may forward to one port of this host.
    init(control: UInt16) throws {
        self.folder = try TemporaryFolder()
        try Self.makeKey(self.folder.path("centre_key"))
        try Self.makeKey(self.folder.path("host_key"))
        let publicKey = try self.folder.read("centre_key.pub")
        let restriction =
            "restrict,port-forwarding,permitopen=\"127.0.0.1:\(control)\",command=\"/bin/false\""
        try self.folder.write("\(restriction) \(publicKey)", to: "authorized_keys")
        for attempt in 1...Self.attempts {
            // Whoever asked for any port may have got it meanwhile.
            self.port = try LoopbackSocket.unusedPort()
            try self.folder.write(Self.configuration(self.folder.path, self.port), to: "sshd_config")
            do {
                try self.start()
                return
            } catch {
                guard attempt < Self.attempts else { throw error }
                self.stop()
            }
        }
    }

    deinit { self.stop() }

    static func makeKey(_ path: String, type: String = "ed25519") throws {
        try ChildProcess.run("/usr/bin/ssh-keygen", "-q", "-t", type, "-N", "", "-C", "test", "-f", path)
    }

    private static func configuration(_ folder: String, _ port: UInt16) -> String {
        """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host_key
        PidFile none
        UsePAM no
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        AuthorizedKeysFile \(folder)/authorized_keys
        PermitRootLogin prohibit-password
        MaxSessions 0
        MaxStartups 100
        UseDNS no

        """
    }

    /// Root's sshd wants /run/sshd and an account that is not locked: both in a mount namespace of its own, whose /etc leads
    /// into the host's.
    ///
    /// A file that is mounted over the host's is lost when another program replaces that one.
    private static let setUp = """
        set -e
        mount --make-rprivate /
        mount -t tmpfs -o mode=0755 tmpfs /run
        mkdir -m 0755 /run/sshd
        mkdir -p "$1/host" "$1/etc"
        mount --rbind /etc "$1/host"
        for file in "$1/host"/*; do ln -sfn "$file" "$1/etc/"; done
        rm -f "$1/etc/shadow"
        sed 's/^root:[^:]*:/root:*:/' /etc/shadow > "$1/etc/shadow"
        chmod 600 "$1/etc/shadow"
        mount --bind "$1/etc" /etc
        exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
        """

    func start() throws {
        try self.folder.write("", to: "log")
        let words =
            getuid() == 0
            ? ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", Self.setUp, "sh", self.folder.path]
            : [Self.program, "-D", "-e", "-f", self.folder.path("sshd_config")]
        let process = try ChildProcess(words, log: self.folder.path("log"))
        self.process = process
        try self.waitUntilItListens(process)
    }

    private func waitUntilItListens(_ process: ChildProcess) throws {
        for _ in 0..<500 {
            // Not by connecting: another's server may be on that port.
            if try self.folder.read("log").contains("Server listening on 127.0.0.1 port \(self.port).") {
                return
            }
            guard process.isRunning else { break }
            usleepMilliseconds(10)
        }
        throw Failure(reason: "sshd does not listen: \((try? self.folder.read("log")) ?? "")")
    }

    func stop() {
        self.process?.kill()
        self.process = nil
    }

    /// Stops it from running without ending it.
    func freeze() { self.process?.signal(SIGSTOP) }

    /// Gives it another host key.
    func changeHostKey(type: String = "ed25519") throws {
        self.stop()
        for name in ["host_key", "host_key.pub"] {
            try FileManager.default.removeItem(atPath: self.folder.path(name))
        }
        try Self.makeKey(self.folder.path("host_key"), type: type)
        try self.start()
    }

    var hostKey: HostKey {
        get throws { try HostKey(parsing: try self.folder.read("host_key.pub")) }
    }

    /// The PoP that it stands for.
    func pop(control: UInt16) throws -> PoP {
        var pop = try Fixture.pop()
        pop.ssh = SSHAccount(
            host: "127.0.0.1",
            port: Int(self.port),
            user: NSUserName(),
            keyFile: self.folder.path("centre_key")
        )
        pop.control = .init(.ipv4(.init(127, 0, 0, 1)), port: control)
        pop.hostKey = try self.hostKey
        return pop
    }
}
