import ArgumentParser
import Core
import Foundation
import HTTP
import LinuxIO
import Logging
import NIOCore
import ServiceLifecycle
import Streams
import Wire

/// `sixxsd [run]`: the daemon itself.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the daemon (the default).",
        discussion: """
            Needs CAP_NET_ADMIN for the TUN device and its routes, and CAP_NET_RAW for 6in4 and GRE.
            SIGTERM and SIGINT end it, SIGHUP reads the configuration file again.
            The configuration's folder must be writable for the user it runs as: files are replaced, not changed.

              sixxsd --config /var/lib/sixxsd/sixxsd.conf --socket /run/sixxsd/control.sock

            Exit status: 0 it ended as it was asked to, 1 it could not start or failed, 2 wrong arguments.
            """
    )

    @Option(
        help: "The configuration: read at start, written when it is changed from outside.",
        completion: .file()
    )
    var config: String

    @Option(help: "Name of the TUN device.")
    var tun = "sixxs"

    @Option(
        help:
            "Where the control port listens over TCP (default: 127.0.0.1:\(ControlRequest.port)), or none for the UNIX socket alone.",
        transform: { try ControlDoor(parsing: $0) }
    )
    var control = ControlDoor.at(Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: ControlRequest.port))

    @Option(help: "Path of a UNIX socket for operators on this host (default: none).")
    var socket: String?

    @Option(
        help: "Group of the UNIX socket, whose members may use the control port (default: the daemon's own)."
    )
    var controlGroup: String?

    @Option(
        help:
            """
            Who of this host may use the control port besides root and the daemon's user: users and @groups with commas \
            between, or all (default: the members of the socket's group).
            """
    )
    var controlUsers: String?

    @Option(
        help: ArgumentHelp(
            "Where sessions outlive a restart, or none (default: sixxsd.state beside the configuration).",
            valueName: "file|none"
        ),
        completion: .file()
    )
    var state: String?

    @Option(
        help: "How often sessions are written down for that, in seconds, 1 to 3600 (default: 60).",
        transform: Self.stateInterval(of:)
    )
    var stateInterval = 60

    @Option(
        help:
            "User to become once everything is open; only CAP_NET_ADMIN and CAP_NET_RAW are kept. Better than to stay root."
    )
    var user: String?

    @Option(
        help: "What is logged: trace, debug, info, notice, warning, error or critical (default: info).",
        transform: Self.level(named:)
    )
    var logLevel = Logger.Level.info

    @Option(help: "Whether the kernel may pass many packets as one (GSO, GRO): auto or off.")
    var offloads = DataPathOptions.Offloads.auto

    @Option(
        help:
            "Whether many packets go through the TUN device with one system call, by io_uring: auto or off."
    )
    var ioUring = DataPathOptions.Ring.auto

    @Option(
        help:
            "How many packets one system call moves, 1 to \(DataPathOptions.largestBatch) (the default); fewer only for measuring.",
        transform: Self.batchSize(of:)
    )
    var batch = DataPathOptions.largestBatch

    @Option(
        help:
            "How many threads move packets, 1 to \(Workers.most) (default: 1), or auto for as many as there are processors.",
        transform: Self.workerCount(of:)
    )
    var workers = 1

    @Option(
        help:
            "How 6in4 and GRE over IPv4 leave: ip, by the kernel's IP stack, or link, straight to the link, past netfilter."
    )
    var egress = DataPathOptions.Departure.ip

    @Option(
        help:
            "Whether the kernel forwards plain 6in4 and GRE by itself: off, or auto, where it can. Needs CAP_BPF at the start."
    )
    var fastPath = FastPathMode.off

    @Option(
        help:
            """
            How many microseconds a thread looks for more packets before it sleeps, where sleeps are short: \
            0 (never) to \(DataPathOptions.longestBusyPoll) (default: \(DataPathOptions().busyPoll)).
            """,
        transform: Self.busyPoll(of:)
    )
    var busyPoll = DataPathOptions().busyPoll

    @Option(
        help: ArgumentHelp(
            """
            Where Prometheus finds /metrics over HTTP: a port of this host alone, such as 9142, ADDRESS:PORT, or \
            unix:PATH (default: nowhere).
            """,
            valueName: "address"
        ),
        transform: { try ListenAddress(parsing: $0) }
    )
    var metrics: ListenAddress?

    @Flag(help: "Tell the figures of every tunnel too, at /metrics/tunnels: ten and more lines for each.")
    var metricsTunnels = false

    @Flag(help: "Leave the kernel's IPv6 forwarding, and who listens to router advertisements, as they are.")
    var keepForwarding = false

    @Flag(help: "Stay in the foreground, which it always does: for old start scripts.")
    var foreground = false

    private static func level(named name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("expected one of \(names), found \"\(name)\"")
        }
        return level
    }

    private static func batchSize(of text: String) throws -> Int {
        guard let size = Int(text), (1...DataPathOptions.largestBatch).contains(size) else {
            throw ValidationError(
                "expected a number from 1 to \(DataPathOptions.largestBatch), found \"\(text)\""
            )
        }
        return size
    }

    private static func busyPoll(of text: String) throws -> Int {
        guard let time = Int(text), (0...DataPathOptions.longestBusyPoll).contains(time) else {
            throw ValidationError(
                "expected microseconds from 0 to \(DataPathOptions.longestBusyPoll), found \"\(text)\""
            )
        }
        return time
    }

    private static func stateInterval(of text: String) throws -> Int {
        guard let seconds = Int(text), (1...3600).contains(seconds) else {
            throw ValidationError("expected seconds from 1 to 3600, found \"\(text)\"")
        }
        return seconds
    }

    private static func workerCount(of text: String) throws -> Int {
        if text == "auto" { return min(ProcessInfo.processInfo.activeProcessorCount, Workers.most) }
        guard let count = Int(text), (1...Workers.most).contains(count) else {
            throw ValidationError("expected a number from 1 to \(Workers.most), or auto, found \"\(text)\"")
        }
        return count
    }

    func validate() throws {
        guard self.metrics != nil || !self.metricsTunnels else {
            throw ValidationError(
                "--metrics-tunnels has no effect without --metrics: give an address as well"
            )
        }
        guard self.control != .none || self.socket != nil else {
            throw ValidationError(
                "with --control none nothing could reach the daemon: give --socket as well"
            )
        }
    }

    func run() throws {
        Heap.keepSmall()
        Privileges.forbidDumps()
        Privileges.setFileMask(Self.fileMask)
        let levels = LogLevels(self.logLevel)
        let log = LogQueue()
        defer { log.flush() }
        LoggingSystem.bootstrap {
            LeveledLogHandler(QueuedLogHandler(LogStream.handler(label: $0), log), levels)
        }
        let file = ConfigurationFile(path: self.config)
        let start = try file.startOrExplain()
        do throws(ConfigurationFailure) {
            if let state = self.stateFile {
                try MassChangeGuard.judge(start, beside: state.sessionCount, in: state.path)
            }
        } catch {
            StandardError.print("sixxsd: \(self.config): \(error)")
            throw ExitCode.failure
        }
        do {
            try self.serve(start, file, levels, log)
        } catch let error as SystemCallError {
            StandardError.print("sixxsd: \(error)")
            throw ExitCode.failure
        } catch let error as ListenFailure {
            StandardError.print("sixxsd: \(error): --metrics names another address")
            throw ExitCode.failure
        } catch let error as IOError {
            let cause = String(cString: strerror(error.errnoCode))
            StandardError.print(
                "sixxsd: cannot listen on \(self.control): \(cause): does another sixxsd run? --control names another address"
            )
            throw ExitCode.failure
        }
    }

    /// The UNIX socket is for the daemon's user and its group, files are for the user alone.
    private static let fileMask: UInt32 = 0o117

    private func serve(
        _ start: BootConfiguration,
        _ file: ConfigurationFile,
        _ levels: LogLevels,
        _ log: LogQueue
    ) throws {
        let openings = try self.open()
        let group = try self.orExplain { () throws(ControlUsers.Unknown) -> UInt32? in
            guard let name = self.controlGroup else { return nil }
            return try ControlUsers.group(named: name)
        }
        try self.dropPrivileges(alsoIn: group)
        log.start()
        file.removeLeftovers()
        if let state = self.stateFile { ConfigurationFile.removeLeftovers(of: state.path) }
        let options = try self.options(group ?? Privileges.group)
        try MainThread.wait {
            let daemon = try await Daemon(
                start,
                file: file,
                openings: openings,
                options: options,
                levels: levels,
                logger: Logger(label: "sixxsd")
            )
            try await daemon.run()
        }
    }

    /// Opens what needs privileges.
    private func open() throws -> Daemon.Openings {
        try Daemon.Openings(
            tunName: self.tun,
            enablesForwarding: !self.keepForwarding,
            dataPath: DataPathOptions(
                offloads: self.offloads,
                ring: self.ioUring,
                departure: self.egress,
                batchSize: self.batch,
                busyPoll: self.busyPoll
            ),
            workers: self.workers,
            fastPath: self.fastPath
        )
    }

    /// What a daemon is told that these options say.
    private func options(_ group: UInt32) throws -> Daemon.Options {
        Daemon.Options(
            tunName: self.tun,
            doors: .init(tcp: self.control, socketPath: self.socket, users: try self.users(group)),
            stateFile: self.stateFile,
            stateInterval: .seconds(self.stateInterval),
            metrics: self.metrics.map {
                MetricsServer.Options(address: $0, tellsTunnels: self.metricsTunnels)
            }
        )
    }

    /// Who may use the control port.
    private func users(_ group: UInt32) throws -> ControlUsers {
        guard let list = self.controlUsers else { return ControlUsers(own: Privileges.user, group: group) }
        return try self.orExplain { () throws(ControlUsers.Unknown) in
            try ControlUsers(own: Privileges.user, group: group, parsing: list)
        }
    }

    /// Looks names up; one that the host doesn't know is printed and ends the program with status 1.
    private func orExplain<Value>(_ look: () throws(ControlUsers.Unknown) -> Value) throws -> Value {
        do throws(ControlUsers.Unknown) { return try look() } catch {
            StandardError.print("sixxsd: control port: \(error)")
            throw ExitCode.failure
        }
    }

    /// Where sessions outlive a restart; nil for nowhere.
    private var stateFile: StateFile? {
        switch self.state {
        case nil: StateFile(besideConfiguration: self.config)
        case "none": nil
        case let path?: StateFile(path: path)
        }
    }

    /// Becomes the unprivileged user, if there is one, and makes sure that it can do its work.
    private func dropPrivileges(alsoIn group: UInt32?) throws {
        Privileges.liftPinningLimit()
        // Root's files may be anybody's; without a user to become, that is all it keeps of root's powers.
        let files: [Privileges.Capability] =
            self.user == nil && Privileges.has(.anyFile) ? [.anyFile] : []
        let network = [Privileges.Capability.networkAdministration, .rawSockets].filter(Privileges.has)
        let groups = [group].compactMap(\.self)
        try Privileges.drop(to: self.user, alsoIn: groups, keeping: network + files)
        Privileges.forbidDumps()
        guard AtomicFile.canWriteFolder(of: (try? AtomicFile.target(of: self.config)) ?? self.config) else {
            let who = self.user.map { "user \($0)" } ?? "the daemon"
            StandardError.print(
                "sixxsd: \(self.config): its folder is not writable for \(who), who must replace the file: chown the folder to that user"
            )
            throw ExitCode.failure
        }
    }
}

extension DataPathOptions.Offloads: ExpressibleByArgument {}
extension DataPathOptions.Ring: ExpressibleByArgument {}
extension DataPathOptions.Departure: ExpressibleByArgument {}
extension FastPathMode: ExpressibleByArgument {}
